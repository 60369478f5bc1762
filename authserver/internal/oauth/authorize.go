package oauth

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
)

// authorization is one pass through /oauth/authorize whose client and redirect
// URI can be trusted: from here on errors go to the client.
type authorization struct {
	client      *authserver.Client
	redirectURI string
	state       string
	scopes      scope.Set
	challenge   string
	resource    string
	prompt      []string
	request     protocolRequest
}

// authorize is GET /oauth/authorize. Everything is validated before anyone is
// asked to sign in.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	a, ok := s.validate(w, r)
	if !ok {
		return
	}
	signin, err := s.signins.Current(r, a.client.ID)
	switch {
	case err != nil:
		s.redirectError(w, r, a, err)
		return
	case signin == nil && slices.Contains(a.prompt, "none"):
		s.redirectError(w, r, a, promptError("login_required", "Nobody is signed in."))
		return
	case signin == nil:
		if !s.shortened(w, r, a) {
			s.pages.SignIn(w, r)
		}
		return
	}
	before := forgetChanged(signin, a.client)
	if signin.Allowed != 0 && signin.Allowed.Satisfies(a.scopes) && !slices.Contains(a.prompt, "consent") {
		if r.Method != http.MethodHead { // which is safe, and asks for no code
			s.allow(w, r, a, signin, false)
		}
		return
	}
	if slices.Contains(a.prompt, "none") {
		s.redirectError(w, r, a, promptError("consent_required", "The user has not consented."))
		return
	}
	if s.shortened(w, r, a) {
		return
	}
	s.pages.Consent(w, r, consentPage(a, signin, before))
}

func consentPage(a *authorization, signin *authserver.Signin, before string) authserver.ConsentPage {
	return authserver.ConsentPage{
		Client: a.client, Requested: a.scopes, New: signin.Allowed.Missing(a.scopes), Granted: signin.Allowed,
		RedirectURI: a.redirectURI, Resource: a.resource, Signin: signin, Before: before,
	}
}

// forgetChanged drops a consent that was given to the client as it was before, and
// returns what it was then. What it is now has to be allowed anew.
func forgetChanged(signin *authserver.Signin, c *authserver.Client) (before string) {
	if signin.Allowed == 0 || signin.AllowedTerms == c.Terms() {
		return ""
	}
	signin.Allowed = 0
	return signin.AllowedTerms
}

// decide is POST /oauth/authorize: the answer to the consent page, posted to the
// page's own URL. The request is validated again from scratch.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		s.noteRefusal(r, "authorize", "page", invalidRequest("The body is no form that can be read."))
		s.pages.Error(w, r, http.StatusBadRequest, "This form cannot be read", "Go back and try again.")
		return
	}
	if !r.PostForm.Has("decision") { // an authorization request by POST (RFC 6749 section 3.1)
		r.Form.Del(authserver.FormTokenField)
		query := r.Form.Encode()
		if len(query) > maxQuery {
			s.untrusted(w, r, http.StatusBadRequest, damagedLink)
			return
		}
		http.Redirect(w, r, "/oauth/authorize?"+query, http.StatusSeeOther) //nolint:gosec // to ourselves: only the query is the caller's
		return
	}
	a, ok := s.validate(w, r)
	if !ok {
		return
	}
	signin, err := s.signins.Current(r, "")
	if err != nil {
		s.redirectError(w, r, a, err)
		return
	}
	if signin == nil {
		s.pages.SignIn(w, r)
		return
	}
	if err := s.signins.CheckForm(r); err != nil {
		if errors.Is(err, authserver.ErrStaleForm) {
			again := consentPage(a, signin, forgetChanged(signin, a.client))
			again.Stale = true
			httpserver.Cause(r.Context(), err)
			s.pages.Consent(w, r, again)
			return
		}
		s.noteRefusal(r, "authorize", "page", err)
		s.pages.Error(w, r, http.StatusForbidden, "This form has expired", "Start again from the application you came from.")
		return
	}
	switch r.PostForm.Get("decision") {
	case "allow":
		if shown := r.PostForm.Get(authserver.TermsField); shown != "" && shown != authserver.TermsDigest(a.client) {
			s.again(w, r, a) // the client has changed since the page was drawn
			return
		}
		s.allow(w, r, a, signin, true)
	case "deny":
		s.redirectError(w, r, a, accessDenied("The user denied access.", http.StatusForbidden))
	default:
		s.noteRefusal(r, "authorize", "page", invalidRequest("The decision is neither allow nor deny."))
		s.pages.Error(w, r, http.StatusBadRequest, "This form cannot be read", "Go back and choose Allow or Deny.")
	}
}

// allow makes the grant and its code, and the consent if it was given just now,
// and sends the browser back to the client.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, a *authorization, signin *authserver.Signin, consented bool) {
	if err := s.requesting.NoteConsent(r.Context(), a.client); err != nil {
		s.redirectError(w, r, a, err)
		return
	}
	params, err := s.approve(r.Context(), a.request, grant.Approval{
		Signin: signin, ClientID: a.client.ID, Scopes: a.scopes, RedirectURI: a.redirectURI,
		Challenge: a.challenge, Resource: a.resource, Consented: consented, Terms: a.client.Terms(),
	})
	if errors.Is(err, grant.ErrNoParent) {
		s.again(w, r, a)
		return
	}
	if err != nil {
		s.redirectError(w, r, a, err)
		return
	}
	httpserver.Annotate(r.Context(), slog.String("user_id", signin.User.ID))
	s.redirect(w, r, a, params)
}

// again sends the browser through the whole request once more: the person, the
// sign-in, the client or the consent went after it had been validated.
func (s *Server) again(w http.ResponseWriter, r *http.Request, a *authorization) {
	if _, err := s.clients.reload(r.Context(), a.client.ID); err != nil && !fault.Is(err, fault.NotFound) {
		s.redirectError(w, r, a, err)
		return
	}
	http.Redirect(w, r, "/oauth/authorize?"+r.URL.RawQuery, http.StatusSeeOther) //nolint:gosec // to ourselves: only the query is the caller's
}

// redirectError tells the client, through the browser, why there is no code. For a
// client that the operator did not register it does so only when somebody is signed in:
// anybody may register one, and our address must not carry people elsewhere
// without their doing (RFC 9700 section 4.11.2).
func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, a *authorization, err error) {
	answer := wireError(err)
	if !a.client.Vouched() && !s.somebodyIsHere(r) {
		s.noteUntrusted(r, answer.Code, err)
		s.pages.Error(w, r, http.StatusBadRequest, untrustedTitle, "The application asked for something that it cannot get.")
		return
	}
	s.noteRefusal(r, "authorize", answer.Code, err)
	s.redirect(w, r, a, url.Values{"error": {answer.Code}, "error_description": {answer.Description}})
}

func (s *Server) somebodyIsHere(r *http.Request) bool {
	signin, err := s.signins.Current(r, "")
	return err == nil && signin != nil
}

// redirect sends the browser to the client with params, the state it sent, and
// our name (RFC 9207). 303, so that a form's body is never posted on.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, a *authorization, params url.Values) {
	params.Set("iss", s.issuer)
	if a.state != "" {
		params.Set("state", a.state)
	}
	separator := "?"
	if strings.Contains(a.redirectURI, "?") {
		separator = "&"
	}
	h := w.Header()
	h.Set("Location", a.redirectURI+separator+params.Encode())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// untrusted answers a request whose client or redirect URI cannot be trusted: a
// page, never a redirect.
func (s *Server) untrusted(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	s.noteUntrusted(r, "page", &Error{Code: "page", Description: sentence, Status: status})
	s.pages.Error(w, r, status, untrustedTitle, sentence)
}

const untrustedTitle = "This request cannot be trusted"

func (s *Server) noteUntrusted(r *http.Request, code string, err error) {
	s.noteRefusal(r, "authorize", code, err)
	httpserver.Annotate(r.Context(), slog.String("event", authserver.EventClientRefused))
}

func promptError(code, description string) error {
	return &Error{Code: code, Description: description, Status: http.StatusBadRequest}
}
