package web

import (
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// Names of the cookies, before the __Host- of https.
const (
	signinName = "latchkey_signin" // who is at the browser
	visitName  = "latchkey_visit"  // the browser's own secret, for forms before sign-in
	// pendingName stands for a right password while the second factor is asked for.
	pendingName = "latchkey_pending"
	// browserName is by what a browser is known again after everybody signed out.
	browserName = "latchkey_browser"
)

const pendingLife = 10 * time.Minute

func (s *Server) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

func (s *Server) signinCookie(r *http.Request) secret.Token {
	return s.readCookie(r, signinName, secret.Signin)
}

func (s *Server) visitCookie(r *http.Request) secret.Token {
	return s.readCookie(r, visitName, secret.Visit)
}

// readCookie returns the cookie, or the zero Token. Two cookies of one name are
// none: a neighbour on the same domain may have planted one of them.
func (s *Server) readCookie(r *http.Request, name string, kind secret.Kind) secret.Token {
	found := r.CookiesNamed(s.cookieName(name))
	if len(found) != 1 {
		return secret.Token{}
	}
	token, err := secret.Parse(kind, found[0].Value)
	if err != nil {
		return secret.Token{}
	}
	return token
}

// setCookie hands the browser a secret for life; 0: until it closes, negative:
// take it back.
func (s *Server) setCookie(w http.ResponseWriter, name string, value secret.Token, life time.Duration) {
	c := &http.Cookie{ //nolint:gosec // Secure follows the issuer: a plain http issuer could not set it
		Name: s.cookieName(name), Value: value.Reveal(), Path: "/",
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
		MaxAge: int(life / time.Second),
	}
	http.SetCookie(w, c)
}

// signedIn hands the browser its sign-in and takes the visit back: nothing that
// was known before the sign-in is worth anything after it.
func (s *Server) signedIn(w http.ResponseWriter, cookie secret.Token) {
	s.setCookie(w, signinName, cookie, s.people.SigninLifetime())
	s.setCookie(w, visitName, secret.Token{}, -time.Second)
	s.setCookie(w, pendingName, secret.Token{}, -time.Second)
}

func (s *Server) forgetSignin(w http.ResponseWriter) {
	s.setCookie(w, signinName, secret.Token{}, -time.Second)
}

// Current returns the sign-in of the browser that sent r, with what its user has
// allowed the client, or nil, nil when nobody is signed in. One statement, and at
// most once an hour a second one.
func (s *Server) Current(r *http.Request, clientID string) (*authserver.Signin, error) {
	return s.find(r, clientID, true)
}

// current is the sign-in of the browser that asks for a page of its own.
func (s *Server) current(r *http.Request) (*authserver.Signin, error) {
	return s.find(r, "", false)
}

func (s *Server) find(r *http.Request, clientID string, rarely bool) (*authserver.Signin, error) {
	cookie := s.signinCookie(r)
	if cookie.IsZero() {
		return nil, nil
	}
	in, err := s.people.CurrentSignin(r.Context(), cookie, clientID)
	if err != nil || in == nil {
		return nil, err
	}
	annotate(r, in.User.ID)
	return in, s.people.StampSignin(r.Context(), in, rarely)
}

// visitor is where r came from. A browser that cannot be known again gets a
// cookie for it.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) account.Visitor {
	v := account.Visitor{UserAgent: r.UserAgent(), Language: s.language(r)}
	if addr := httpserver.ClientAddr(r.Context()); addr.IsValid() {
		v.Address = addr.String()
	}
	cookie := s.readCookie(r, browserName, secret.Browser)
	if cookie.IsZero() {
		cookie = secret.New(secret.Browser)
	}
	s.setCookie(w, browserName, cookie, authserver.BrowserLife)
	v.Browser = cookie.Digest()
	return v
}
