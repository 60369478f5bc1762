package oauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// clientRefusal is why a client did not authenticate: for the log, never for the
// caller, to whom all are alike.
type clientRefusal string

const (
	noClient        clientRefusal = "no client authentication"
	clientUnknown   clientRefusal = "unknown client"
	clientSecret    clientRefusal = "wrong client secret"
	clientMethod    clientRefusal = "not the registered method of client authentication"
	clientAssertion clientRefusal = "client assertions are not supported"
	clientHeader    clientRefusal = "the Authorization header is no well-formed HTTP Basic"
)

// Error says why.
func (why clientRefusal) Error() string { return string(why) }

// refuse is the one answer to every failed client authentication, so that an
// unknown client and a wrong secret look alike.
func (why clientRefusal) refuse() *Error {
	return &Error{
		Code: "invalid_client", Status: http.StatusUnauthorized, cause: why,
		Description: "Unknown client, no client authentication included, or unsupported authentication method.",
	}
}

// authenticate finds the client that sent r: by HTTP Basic, the secret in the
// body, or the bare id of a public client; each client by its registered method
// and never two at once (RFC 6749 section 2.3).
func (s *Server) authenticate(ctx context.Context, r *http.Request, form url.Values) (*authserver.Client, error) {
	given, err := clientCredentials(r, form)
	if err != nil {
		logSent(ctx, given.id)
		return nil, err
	}
	return s.proven(ctx, given)
}

// proven returns the client whose credentials are given.
func (s *Server) proven(ctx context.Context, given credentials) (*authserver.Client, error) {
	c, err := s.clients.Find(ctx, given.id)
	if err == nil && given.prove(c, s.now()) != nil && !c.Public() {
		c, err = s.clients.reload(ctx, given.id) // the secret may have been rotated a moment ago
	}
	if err != nil {
		logSent(ctx, given.id)
	} else {
		logClient(ctx, c.ID)
		askedOf(ctx).client = c.ID
	}
	if fault.Is(err, fault.NotFound) {
		(&authserver.Client{}).SecretMatches(given.secret, s.now()) // the same work as for a known client
		return nil, clientUnknown.refuse()
	}
	if err == nil {
		err = given.prove(c, s.now())
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// logClient puts the id of a client on the request's log line.
func logClient(ctx context.Context, id string) {
	httpserver.Annotate(ctx, httpserver.Received("client_id", id))
}

// logSent is logClient for an id that was sent and belongs to no client we know. What
// does not look like an id of ours may be anything, a password too: only its length is
// logged.
func logSent(ctx context.Context, id string) {
	switch {
	case id == "":
	case authserver.ValidID(id), strings.HasPrefix(id, "https://") && !strings.ContainsAny(id, "?#@"):
		logClient(ctx, id)
	default:
		logClient(ctx, fmt.Sprintf("unknown, %d bytes", len(id)))
	}
}

// logRedirect puts a redirect URI that was refused on the request's log line, as it
// was sent up to its query, which may hold anything.
func logRedirect(ctx context.Context, uri string) {
	if end := strings.IndexAny(uri, "?#"); end >= 0 {
		uri = uri[:end]
	}
	if at := strings.LastIndexByte(uri, '@'); at >= 0 { // what stands before may be a password
		uri = "…" + uri[at:]
	}
	askedOf(ctx).redirect = uri
	httpserver.Annotate(ctx, httpserver.Received("redirect_uri", uri))
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

// prove refuses unless they are c's, by the method it registered.
func (g credentials) prove(c *authserver.Client, now time.Time) error {
	switch {
	case g.method != c.AuthMethod:
		return clientMethod.refuse()
	case !c.Public() && !c.SecretMatches(g.secret, now):
		return clientSecret.refuse()
	}
	return nil
}

// clientCredentials finds how a client authenticates. With an error it returns no
// more than the id that was sent, if any.
func clientCredentials(r *http.Request, form url.Values) (credentials, error) {
	body := credentials{id: form.Get("client_id"), secret: form.Get("client_secret"), method: authserver.AuthNone}
	if form.Get("client_assertion") != "" || form.Get("client_assertion_type") != "" {
		return credentials{id: body.id}, clientAssertion.refuse()
	}
	if body.secret != "" { // without a value it is as if left out (RFC 6749 section 3.2)
		body.method = authserver.AuthPost
	}
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		if body.id == "" {
			return credentials{}, noClient.refuse()
		}
		return body, nil
	}
	if len(headers) > 1 || body.method == authserver.AuthPost {
		return credentials{id: body.id}, invalidRequest("Use one way of client authentication, not two.")
	}
	basic, err := basicCredentials(headers[0])
	if err != nil {
		return credentials{id: body.id}, err
	}
	if body.id != "" && body.id != basic.id {
		return credentials{id: basic.id}, invalidRequest("The client_id in the body is not the client of the Authorization header.")
	}
	return basic, nil
}

// basicCredentials decodes HTTP Basic, whose two halves are form-encoded
// (RFC 6749 section 2.3.1).
func basicCredentials(header string) (credentials, error) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return credentials{}, clientHeader.refuse()
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return credentials{}, clientHeader.refuse()
	}
	id, secretText, ok := strings.Cut(string(raw), ":")
	if !ok {
		return credentials{}, clientHeader.refuse()
	}
	c := credentials{method: authserver.AuthBasic}
	var errID, errSecret error
	c.id, errID = url.QueryUnescape(id)
	c.secret, errSecret = url.QueryUnescape(secretText)
	if errID != nil || errSecret != nil || !plain(c.id) || c.id == "" {
		return credentials{}, clientHeader.refuse()
	}
	if c.secret == "" { // how some clients without a secret name themselves (RFC 6749 section 2.3.1)
		c.method = authserver.AuthNone
	}
	return c, nil
}
