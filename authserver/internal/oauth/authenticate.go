package oauth

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// errClient is the one answer to every failed client authentication, so that an
// unknown client and a wrong secret look alike.
var errClient = &Error{
	Code: "invalid_client", Status: http.StatusUnauthorized,
	Description: "Unknown client, no client authentication included, or unsupported authentication method.",
}

// authenticate finds the client that sent r: by HTTP Basic, the secret in the
// body, or the bare id of a public client; each client by its registered method
// and never two at once (RFC 6749 section 2.3).
func (s *Server) authenticate(ctx context.Context, r *http.Request, form url.Values) (*authserver.Client, error) {
	given, err := clientCredentials(r, form)
	if err != nil {
		return nil, err
	}
	c, err := s.clients.Find(ctx, given.id)
	if err == nil && !given.prove(c, s.now()) && !c.Public() {
		c, err = s.clients.reload(ctx, given.id) // the secret may have been rotated a moment ago
	}
	if fault.Is(err, fault.NotFound) {
		(&authserver.Client{}).SecretMatches(given.secret, s.now()) // the same work as for a known client
		return nil, errClient
	}
	if err != nil {
		return nil, err
	}
	if !given.prove(c, s.now()) {
		return nil, errClient
	}
	return c, nil
}

// bearerOf returns the token of a request that manages registrations (RFC 7591 section
// 3, RFC 7592 section 2), or "".
func bearerOf(r *http.Request) string {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

type credentials struct{ id, secret, method string }

// prove reports whether they are c's, by the method it registered.
func (g credentials) prove(c *authserver.Client, now time.Time) bool {
	return g.method == c.AuthMethod && (c.Public() || c.SecretMatches(g.secret, now))
}

func clientCredentials(r *http.Request, form url.Values) (credentials, error) {
	body := credentials{id: form.Get("client_id"), secret: form.Get("client_secret"), method: authserver.AuthNone}
	if form.Get("client_assertion") != "" || form.Get("client_assertion_type") != "" {
		return credentials{}, errClient
	}
	if body.secret != "" { // without a value it is as if left out (RFC 6749 section 3.2)
		body.method = authserver.AuthPost
	}
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		if body.id == "" {
			return credentials{}, errClient
		}
		return body, nil
	}
	if len(headers) > 1 || body.method == authserver.AuthPost {
		return credentials{}, invalidRequest("Use one way of client authentication, not two.")
	}
	basic, err := basicCredentials(headers[0])
	if err != nil {
		return credentials{}, err
	}
	if body.id != "" && body.id != basic.id {
		return credentials{}, invalidRequest("The client_id in the body is not the client of the Authorization header.")
	}
	return basic, nil
}

// basicCredentials decodes HTTP Basic, whose two halves are form-encoded
// (RFC 6749 section 2.3.1).
func basicCredentials(header string) (credentials, error) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return credentials{}, errClient
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return credentials{}, errClient
	}
	id, secretText, ok := strings.Cut(string(raw), ":")
	if !ok {
		return credentials{}, errClient
	}
	c := credentials{method: authserver.AuthBasic}
	var errID, errSecret error
	c.id, errID = url.QueryUnescape(id)
	c.secret, errSecret = url.QueryUnescape(secretText)
	if errID != nil || errSecret != nil || !plain(c.id) || c.id == "" {
		return credentials{}, errClient
	}
	if c.secret == "" { // how some clients without a secret name themselves (RFC 6749 section 2.3.1)
		c.method = authserver.AuthNone
	}
	return c, nil
}
