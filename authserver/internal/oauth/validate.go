package oauth

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/scope"
)

// maxQuery is the longest authorization request, in bytes. On the sign-in page it
// becomes a parameter of another URL, which must not be too long either.
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
	pushed := false
	if len(query["request_uri"]) == 1 && strings.HasPrefix(query.Get("request_uri"), requestURN) && s.requests != nil {
		sent := query.Get("client_id")
		if query, pushed, ok = s.referred(w, r, query); !ok {
			logSent(r.Context(), sent)
			return nil, false
		}
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(query[name]) != 1 || query.Get(name) == "" {
			logSent(r.Context(), query.Get("client_id"))
			s.noteUntrusted(r, "page", invalidRequest("The link that brought you here must name "+name+" exactly once."))
			s.pages.Untrusted(w, r, untrusted(query, name == "redirect_uri", nil))
			return nil, false
		}
	}
	c, ok := s.findClient(w, r, query)
	if !ok {
		return nil, false
	}
	if !c.AcceptsRedirect(query.Get("redirect_uri")) {
		logRedirect(r.Context(), query.Get("redirect_uri"))
		s.noteUntrusted(r, "page", invalidRequest("The redirect_uri is not registered."))
		s.pages.Untrusted(w, r, untrusted(query, true, c))
		return nil, false
	}
	a = newAuthorization(c, query)
	err = s.check(r, a, query)
	if err == nil && c.PushedOnly && !pushed {
		err = invalidRequest("This client must push its authorization requests (RFC 9126).")
	}
	if err != nil {
		s.redirectError(w, r, a, err)
		return nil, false
	}
	return a, true
}

func untrusted(query url.Values, redirect bool, c *authserver.Client) authserver.UntrustedRequest {
	return authserver.UntrustedRequest{Redirect: redirect, Clients: query["client_id"], Redirects: query["redirect_uri"], Client: c}
}

func newAuthorization(c *authserver.Client, query url.Values) *authorization {
	return &authorization{
		client: c, redirectURI: query.Get("redirect_uri"), state: query.Get("state"),
		challenge: query.Get("code_challenge"), prompt: strings.Fields(query.Get("prompt")),
	}
}

// check holds the rest of the request against the rules: ours first, where
// fosite has none, then fosite's.
func (s *Server) check(r *http.Request, a *authorization, query url.Values) error {
	if name := firstDuplicate(query); name != "" {
		if name == "state" {
			a.state = "" // nobody can say which of them is meant
		}
		return invalidRequest("The parameter " + name + " was sent more than once.")
	}
	if query.Get("request") != "" {
		return &Error{Code: "request_not_supported", Description: "The parameter request is not supported.", Status: http.StatusBadRequest}
	}
	if query.Get("request_uri") != "" {
		return &Error{Code: "request_uri_not_supported", Description: "The parameter request_uri is not supported.", Status: http.StatusBadRequest}
	}
	if query.Get("response_type") == "" {
		return invalidRequest("The parameter response_type is missing.")
	}
	if query.Get("response_type") != "code" {
		return &Error{Code: "unsupported_response_type", Description: "The response type is code.", Status: http.StatusBadRequest}
	}
	if mode := query.Get("response_mode"); mode != "" && mode != "query" {
		return invalidRequest("The response mode is query.")
	}
	if err := checkPKCE(query); err != nil {
		return err
	}
	var err error
	if a.resource, err = s.resource(query); err != nil {
		return err
	}
	return s.checkWithFosite(r, a, query.Get("scope"))
}

// checkPKCE refuses what no verifier could answer later (RFC 7636 section 4.4.1).
func checkPKCE(query url.Values) error {
	switch {
	case query.Get("code_challenge") == "":
		return invalidRequest("PKCE is required: the parameter code_challenge is missing.")
	case query.Get("code_challenge_method") != "S256":
		return invalidRequest("The code_challenge_method must be S256.")
	case !validChallenge(query.Get("code_challenge")):
		return invalidRequest("The code_challenge must be the base64url form of a SHA-256 digest, 43 characters.")
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
