// Package household speaks to the resource API in the operator's name, not in a
// person's: about what it holds of a family.
package household

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// Client calls the resource API's internal endpoints.
type Client struct {
	base   string
	secret atomic.Pointer[string]
	http   *http.Client
	files  *http.Client // for exports, which take as long as they take

	patience time.Duration // for a piece of an export
}

// New returns a client for the resource API at base, authenticated by secret.
func New(base, secret string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("household: the address of the resource API must be an http or https URL")
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the secret stays with the host it is for
	c := &Client{
		base: strings.TrimRight(base, "/"),
		http: &http.Client{Timeout: 30 * time.Second, CheckRedirect: stay}, files: &http.Client{CheckRedirect: stay}, patience: exportPatience,
	}
	c.Renew(secret)
	return c, nil
}

// Renew makes secret the one of the requests from now on.
func (c *Client) Renew(secret string) { c.secret.Store(&secret) }

// EraseFamily asks for everything of a family to be erased. A family that is
// gone already is no error. Any other answer is one, to be tried again.
func (c *Client) EraseFamily(ctx context.Context, familyID string) error {
	got, err := c.call(ctx, http.MethodDelete, familyID, nil)
	if err != nil {
		return err
	}
	switch got.status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent, http.StatusGone:
		return nil
	}
	return answered(got.status)
}

// Check asks the resource API about a family that there is not, and changes nothing. It
// returns which program answers. Its error has a method Status where there was an answer.
func (c *Client) Check(ctx context.Context) (httpserver.Program, error) {
	got, err := c.call(ctx, http.MethodGet, uuid.NewString(), nil)
	if err == nil && got.status != http.StatusOK {
		err = answered(got.status)
	}
	return httpserver.ProgramOf(got.header), err
}

// FamilySettings returns what the family has chosen, read anew.
func (c *Client) FamilySettings(ctx context.Context, familyID string) (authserver.FamilySettings, error) {
	got, err := c.call(ctx, http.MethodGet, familyID, nil)
	if err != nil {
		return authserver.FamilySettings{}, err
	}
	if got.status != http.StatusOK {
		return authserver.FamilySettings{}, answered(got.status)
	}
	return settingsOf(got.raw)
}

// SetTimeZone chooses the family's time zone, if it is seen; "": whatever it is. *fault.Error
// of kind Invalid: there is no such zone; of kind Conflict: it is another one.
func (c *Client) SetTimeZone(ctx context.Context, familyID, seen, zone string) (authserver.FamilySettings, error) {
	change, err := json.Marshal(map[string]any{"family_settings": map[string]string{"time_zone": zone}})
	if err != nil {
		return authserver.FamilySettings{}, fmt.Errorf("household: %w", err)
	}
	got, err := c.call(ctx, http.MethodPatch, familyID, change, "?"+url.Values{"seen": {seen}}.Encode())
	switch {
	case err != nil:
		return authserver.FamilySettings{}, err
	case got.status == http.StatusUnprocessableEntity:
		return authserver.FamilySettings{}, fault.Wrap(fault.Invalid, answered(got.status), "Time zone is not known")
	case got.status == http.StatusConflict:
		return authserver.FamilySettings{}, fault.Wrap(fault.Conflict, answered(got.status), "Time zone is another one now")
	case got.status != http.StatusOK:
		return authserver.FamilySettings{}, answered(got.status)
	}
	return settingsOf(got.raw)
}

func settingsOf(raw []byte) (authserver.FamilySettings, error) {
	var said struct {
		TimeZone string `json:"time_zone"`
		Today    string `json:"today"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return authserver.FamilySettings{}, fmt.Errorf("household: %w", err)
	}
	today, err := time.Parse(time.DateOnly, said.Today)
	if err != nil || said.TimeZone == "" {
		return authserver.FamilySettings{}, errors.New("household: the resource API said no time zone")
	}
	return authserver.FamilySettings{TimeZone: said.TimeZone, Today: today}, nil
}

// answered is an answer that is no success: its status.
type answered int

// Status is that of the answer.
func (a answered) Status() int { return int(a) }

// Error implements error.
func (a answered) Error() string {
	return fmt.Sprintf("household: the resource API answered %d", int(a))
}

// maxAnswer bounds what is read of an answer; the rest only costs the connection.
const maxAnswer = 4 << 10

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    []byte
}

func (c *Client) call(ctx context.Context, method, familyID string, body []byte, below ...string) (answer, error) {
	req, err := c.request(ctx, method, familyID, bytes.NewReader(body), below...)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("household: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is read that could be lost
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("household: %w", err)
	}
	return answer{res.StatusCode, res.Header, raw}, nil
}

// request is a request about a family; below is what follows its id in the path.
func (c *Client) request(ctx context.Context, method, familyID string, body io.Reader, below ...string) (*http.Request, error) {
	address := c.base + "/internal/families/" + url.PathEscape(familyID) + strings.Join(below, "")
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("household: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+*c.secret.Load())
	httpserver.InjectTrace(ctx, req.Header, nil)
	return req, nil
}
