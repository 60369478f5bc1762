package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/sso"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// Cookies of a browser between a provider and a sign-in.
const (
	unlinkedName = "latchkey_unlinked" // signed in at a provider with an account that no user is connected with
	appName      = "latchkey_app"      // signing in to an app, with the second factor still to come
)

// providers are the sign-in providers a person can choose.
func (s *Server) providers() []page.Provider {
	found := s.sso.Providers() // nil has none
	list := make([]page.Provider, 0, len(found))
	for _, one := range found {
		list = append(list, page.Provider{Name: one.Name, Label: one.Label})
	}
	return list
}

// visit returns the browser's own cookie, which a login state is bound to; a
// browser without one gets one.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) secret.Token {
	cookie := s.visitCookie(r)
	if cookie.IsZero() {
		cookie = secret.New(secret.Visit)
		s.setCookie(w, visitName, cookie, 0)
	}
	return cookie
}

// ssoSignin is GET /auth/:provider: off to the provider.
func (s *Server) ssoSignin(w http.ResponseWriter, r *http.Request) error {
	to, err := s.sso.SignIn(r.Context(), mux.Vars(r)["provider"], s.visit(w, r), returnTo(r), s.visitor(w, r))
	if err != nil {
		return s.ssoRefused(w, r, returnTo(r), err)
	}
	return redirect(w, r, to)
}

// ssoForm is POST /auth/:provider: the same from a form, or, from the settings,
// to connect an account, which has to be confirmed.
func (s *Server) ssoForm(w http.ResponseWriter, r *http.Request) error {
	if r.PostForm.Get("intent") != "connect" {
		return s.ssoSignin(w, r)
	}
	return confirmed{post: person(s.connect)}.bind(s, s.askSignin)(w, r)
}

func (s *Server) connect(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.people.AdmitSignin(r.Context(), s.visitor(w, r))
	var to string
	if err == nil {
		to, err = s.sso.Connect(r.Context(), mux.Vars(r)["provider"], s.visit(w, r), in.User.ID, s.visitor(w, r))
	}
	if err != nil {
		return s.identitiesAgain(w, r, in, err)
	}
	return redirect(w, r, to)
}

// ssoRefused shows the sign-in page with what went wrong at the provider.
func (s *Server) ssoRefused(w http.ResponseWriter, r *http.Request, to string, err error) error {
	httpserver.Cause(r.Context(), err)
	if fault.Is(err, fault.NotFound) {
		return err
	}
	v, body := s.signinView(w, r)
	v.ReturnTo = to
	v.LeadsAnywhere = authorizes(to)
	return s.again(w, r, v, body, err)
}

// ssoCallback is GET /auth/:provider/callback: back from the provider.
func (s *Server) ssoCallback(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	a, err := s.sso.Callback(r.Context(), sso.CallbackRequest{
		Provider: mux.Vars(r)["provider"], State: one(q, "state"), Code: one(q, "code"), Error: one(q, "error"),
		Issuer: one(q, "iss"), HasIssuer: q.Has("iss"),
		Browser: s.visitCookie(r), Signin: in, Cookie: s.signinCookie(r), Visitor: s.visitor(w, r),
	})
	if err != nil {
		return s.callbackFailed(w, r, a, in, err)
	}
	switch {
	case a.Linked:
		return redirect(w, r, "/settings/identities?done=connected")
	case a.Purpose == authserver.LoginStateMobile:
		return s.appCallback(w, r, a)
	case !a.Linking.IsZero():
		s.setCookie(w, unlinkedName, a.Linking, pendingLife)
		return redirect(w, r, "/auth/finish")
	}
	return s.afterSignin(w, r, a.Signin, a.ReturnTo)
}

// one returns a parameter that came once; one that came twice is none (RFC 6749
// section 3.1).
func one(q url.Values, name string) string {
	if len(q[name]) != 1 {
		return ""
	}
	return q[name][0]
}

func (s *Server) callbackFailed(w http.ResponseWriter, r *http.Request, a *sso.CallbackResult, in *authserver.Signin, err error) error {
	switch {
	case a != nil && a.Purpose == authserver.LoginStateMobile, a == nil && sso.ForApp(one(r.URL.Query(), "state")):
		return s.appFailed(w, r, err)
	case a == nil:
		return s.ssoRefused(w, r, "", err)
	case a.Purpose == authserver.LoginStateLink && in != nil:
		httpserver.Cause(r.Context(), err)
		return s.identitiesAgain(w, r, in, err)
	}
	return s.ssoRefused(w, r, a.ReturnTo, err)
}

// appSignin is GET /auth/mobile/:provider. Every outcome is a redirect to the
// app, at once or from the provider on.
func (s *Server) appSignin(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	to, err := s.sso.SignInApp(r.Context(), mux.Vars(r)["provider"], s.visit(w, r), sso.App{
		Device: authserver.Device{
			DeviceID: one(q, "device_id"), Name: one(q, "device_name"), Kind: one(q, "device_type"),
			OSVersion: one(q, "os_version"), AppVersion: one(q, "app_version"),
		},
		Challenge: one(q, "code_challenge"), ChallengeMethod: one(q, "code_challenge_method"),
	}, s.visitor(w, r))
	if err == nil && len(q["code_challenge"]) > 1 {
		err = fault.New(fault.Malformed, "The code challenge came twice.")
	}
	if err != nil {
		return s.appFailed(w, r, err)
	}
	return redirect(w, r, to)
}

// toApp sends the browser to the app. The address is the operator's, whatever
// the request says.
func (s *Server) toApp(w http.ResponseWriter, r *http.Request, q url.Values) error {
	return redirect(w, r, s.sso.MobileRedirect()+"?"+q.Encode())
}

func (s *Server) appFailed(w http.ResponseWriter, r *http.Request, err error) error {
	httpserver.Cause(r.Context(), httpserver.Classify(r.Context(), err))
	code, message := sso.CodeOf(err)
	return s.toApp(w, r, url.Values{"error": {code}, "message": {message}})
}

func (s *Server) appCallback(w http.ResponseWriter, r *http.Request, a *sso.CallbackResult) error {
	switch {
	case !a.Pending.IsZero():
		s.setCookie(w, appName, a.Pending, pendingLife)
		return redirect(w, r, "/auth/mobile/second-factor")
	case !a.Linking.IsZero():
		n := a.Unlinked
		return s.toApp(w, r, url.Values{
			"status": {"account_not_linked"}, "linking_code": {a.Linking.Reveal()},
			"email": {n.Email}, "first_name": {n.FirstName}, "last_name": {n.LastName},
			"allow_account_creation": {strconv.FormatBool(n.MayCreate)},
			"has_pending_invitation": {strconv.FormatBool(n.Invitation != nil)},
		})
	}
	return s.toApp(w, r, url.Values{"code": {a.Code.Reveal()}})
}

func (s *Server) appPending(r *http.Request) secret.Token {
	return s.readCookie(r, appName, secret.ExchangeCode)
}

var errAppGone = fault.New(fault.Forbidden, "This sign-in took too long. Try again.").WithCode(sso.CodeMissingSession)

func (s *Server) showAppFactor(w http.ResponseWriter, r *http.Request) error {
	err := s.sso.PendingCode(r.Context(), s.appPending(r))
	if fault.Is(err, fault.NotFound) {
		return s.appFailed(w, r, errAppGone)
	}
	if err != nil {
		return err
	}
	v := s.appFactorView(w, r)
	return s.render(w, r, http.StatusOK, v, page.AppFactorPage(v))
}

func (s *Server) appFactorView(w http.ResponseWriter, r *http.Request) *page.View {
	v := s.newView(w, r, "secondstep.title")
	v.FormTargets = leadsTo(s.sso.MobileRedirect())
	return v
}

// appFactor checks the second factor of an app's person; the code for the app is
// made only then.
func (s *Server) appFactor(w http.ResponseWriter, r *http.Request) error {
	code, err := s.sso.FinishCode(r.Context(), s.appPending(r), r.PostForm.Get("otp_code"))
	switch {
	case fault.Is(err, fault.NotFound):
		return s.appFailed(w, r, errAppGone)
	case err != nil:
		if fault.Is(err, fault.Unauthenticated) {
			err = account.ErrWrongCode
		}
		v := s.appFactorView(w, r)
		return s.again(w, r, v, page.AppFactorPage(v), err)
	}
	s.setCookie(w, appName, secret.Token{}, -time.Second)
	return s.toApp(w, r, url.Values{"code": {code.Reveal()}})
}
