package oauth

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// maxQuery is the longest authorization request, in bytes: what survives the way
// over the sign-in page, where it is a parameter of a URL itself.
const maxQuery = 16 << 10

// validate reads the authorization request from the URL. Until the client and
// its redirect URI are known to be good, errors are pages; after that they go to
// the client. When ok is false it has answered.
func (s *Server) validate(w http.ResponseWriter, r *http.Request) (a *authorization, ok bool) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || !readable(query) || len(r.URL.RawQuery) > maxQuery {
		s.untrusted(w, r, http.StatusBadRequest, damagedLink)
		return nil, false
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(query[name]) != 1 || query.Get(name) == "" {
			s.untrusted(w, r, http.StatusBadRequest, "The link that brought you here must name "+name+" exactly once.")
			return nil, false
		}
	}
	c, ok := s.findClient(w, r, query.Get("client_id"))
	if !ok {
		return nil, false
	}
	if !c.AcceptsRedirect(query.Get("redirect_uri")) {
		s.untrusted(w, r, http.StatusBadRequest, "The application asks to send you to an address that it has not registered.")
		return nil, false
	}
	a = &authorization{
		client: c, redirectURI: query.Get("redirect_uri"), state: query.Get("state"),
		challenge: query.Get("code_challenge"), prompt: strings.Fields(query.Get("prompt")),
	}
	if err := s.check(r, a, query); err != nil {
		s.redirectError(w, r, a, err)
		return nil, false
	}
	return a, true
}

// check holds the rest of the request against the rules: ours first, where
// fosite has none, then fosite's.
func (s *Server) check(r *http.Request, a *authorization, query url.Values) error {
	if name := firstDuplicate(query); name != "" {
		if name == "state" {
			a.state = "" // which one would be anybody's guess
		}
		return fosite.ErrInvalidRequest.WithHintf("The parameter %s was sent more than once.", name)
	}
	if query.Get("request") != "" {
		return fosite.ErrRequestNotSupported
	}
	if query.Get("request_uri") != "" {
		return fosite.ErrRequestURINotSupported
	}
	if query.Get("response_type") == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter response_type is missing.")
	}
	if query.Get("response_type") != "code" {
		return fosite.ErrUnsupportedResponseType.WithHint("The response type is code.")
	}
	if mode := query.Get("response_mode"); mode != "" && mode != "query" {
		return fosite.ErrInvalidRequest.WithHint("The response mode is query.")
	}
	if err := checkPKCE(query); err != nil {
		return err
	}
	var err error
	if a.resource, err = resource(query); err != nil {
		return err
	}
	return s.checkWithFosite(r, a, query)
}

// checkPKCE refuses what no verifier could answer later (RFC 7636 section 4.4.1).
func checkPKCE(query url.Values) error {
	switch {
	case query.Get("code_challenge") == "":
		return fosite.ErrInvalidRequest.WithHint("PKCE is required: the parameter code_challenge is missing.")
	case query.Get("code_challenge_method") != "S256":
		return fosite.ErrInvalidRequest.WithHint("The code_challenge_method must be S256.")
	case !validChallenge(query.Get("code_challenge")):
		return fosite.ErrInvalidRequest.WithHint("The code_challenge must be the base64url form of a SHA-256 digest, 43 characters.")
	}
	return nil
}

// checkWithFosite lets fosite validate what is left, on a request of our own: it
// has the parameters that mean something here and none of those that would to
// fosite (audience, registration, ...), and the defaults that fosite does not
// know: the scope read, and a state, which never leaves this function.
func (s *Server) checkWithFosite(r *http.Request, a *authorization, query url.Values) error {
	asks := url.Values{
		"client_id": {a.client.ID}, "redirect_uri": {a.redirectURI}, "response_type": {"code"},
		"scope": {query.Get("scope")}, "state": {"none"},
	}
	if strings.TrimSpace(asks.Get("scope")) == "" {
		asks.Set("scope", defaultScope(a.client.Scopes).String())
	}
	asked := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: r.URL.Path, RawQuery: asks.Encode()}, Header: http.Header{}}
	request, err := s.fosite.NewAuthorizeRequest(r.Context(), asked)
	if err != nil {
		return err
	}
	a.request = request
	a.scopes, err = scope.Parse(asks.Get("scope"))
	if err != nil {
		return fosite.ErrInvalidScope.WithHint("The scopes are read and read_write.")
	}
	return nil
}

// defaultScope is read, unless the client may only ask for read_write.
func defaultScope(allowed scope.Set) scope.Set {
	if allowed == scope.ReadWrite {
		return scope.ReadWrite
	}
	return scope.Read
}

// authorizeHandler makes the code: the one write of an authorization.
type authorizeHandler struct{ s *Server }

// HandleAuthorizeEndpointRequest stores the code that the session describes.
func (h *authorizeHandler) HandleAuthorizeEndpointRequest(ctx context.Context, r fosite.AuthorizeRequester, resp fosite.AuthorizeResponder) error {
	session, ok := r.GetSession().(*codeSession)
	if !ok || !r.GetResponseTypes().ExactOne("code") {
		return errNoCode
	}
	code := secret.New(secret.Code)
	session.code.Digest = code.Digest()
	c := &session.code
	widened, err := h.s.Store.CreateCode(ctx, *c)
	if err != nil {
		return err
	}
	if widened {
		h.s.Logger.InfoContext(ctx, "consent given", slog.String("event", authserver.EventConsentGiven),
			slog.String("client_id", c.ClientID), slog.String("user_id", c.UserID), slog.String("scope", c.Scopes.String()))
	}
	resp.AddParameter("code", code.Reveal())
	r.SetResponseTypeHandled("code")
	return nil
}
