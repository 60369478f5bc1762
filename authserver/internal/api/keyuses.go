package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/body"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/keyuse"
)

// maxReport is the largest report of a resource server that is read, in bytes.
const maxReport = 256 << 10

// reportUses takes what a resource server has seen of API keys and applications.
func (s *Server) reportUses(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.ResourceServers.AuthenticateResourceServer(r); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			w.Header().Set("WWW-Authenticate", `Basic realm="latchkey", charset="UTF-8"`)
		}
		return err
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReport))
	if err != nil {
		return httpserver.BodyError(err, "The request body could not be read")
	}
	var report keyuse.Report
	if err := body.Strict(raw, &report); err != nil {
		return err
	}
	if err := s.Keys.Reported(r.Context(), report); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readOverlap reads how long a rotated key lives on: "overlap_seconds", or
// "overlap" as a duration such as "24h" or "7d". Without either, and without a
// body, it ends at once.
func readOverlap(r *http.Request) (time.Duration, error) {
	rest := bufio.NewReader(r.Body)
	if _, err := rest.Peek(1); errors.Is(err, io.EOF) {
		return 0, nil
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{rest, r.Body}
	var body struct {
		Seconds *json.Number `json:"overlap_seconds"`
		Text    *string      `json:"overlap"`
	}
	if err := decode(r, &body); err != nil {
		return 0, err
	}
	switch {
	case body.Seconds != nil && body.Text != nil:
		return 0, fault.New(fault.Malformed, "Send overlap_seconds or overlap, not both")
	case body.Seconds != nil:
		return overlapSeconds(body.Seconds.String())
	case body.Text != nil:
		return overlapText(*body.Text)
	}
	return 0, nil
}

func overlapSeconds(text string) (time.Duration, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > int64(authserver.MaxKeyOverlap/time.Second) {
		return 0, errOverlap
	}
	return time.Duration(n) * time.Second, nil
}

func overlapText(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > int(authserver.MaxKeyOverlap/(24*time.Hour)) {
			return 0, errOverlap
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > authserver.MaxKeyOverlap {
		return 0, errOverlap
	}
	return d, nil
}

var errOverlap = fault.New(fault.Invalid, "Overlap must be between 0 and 7 days").WithErrors("Overlap must be between 0 and 7 days")
