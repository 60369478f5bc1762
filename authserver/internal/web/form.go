package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

const maxForm = 64 << 10 // bytes; the longest field is a list of redirect URIs

var (
	errForm     = fault.New(fault.Malformed, "The form could not be read.")
	errFormGone = fault.New(fault.Forbidden, "This form has expired or did not come from our own page. Go back, load the page again and try once more.")
)

// formToken returns the token that forms on the page carry: a digest of the
// browser's own secret cookie, so it needs no key and no table. A browser
// without a cookie gets one.
func (s *Server) formToken(w http.ResponseWriter, r *http.Request) string {
	if cookie := s.signinCookie(r); !cookie.IsZero() {
		return tokenOf(cookie)
	}
	cookie := s.visitCookie(r)
	if cookie.IsZero() {
		cookie = secret.New(secret.Visit)
		s.setCookie(w, visitName, cookie, 0)
	}
	return tokenOf(cookie)
}

func tokenOf(cookie secret.Token) string {
	mac := hmac.New(sha256.New, []byte(cookie.Reveal()))
	mac.Write([]byte("form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CheckForm refuses a form that another origin sent, or that does not carry the
// token of this browser. *fault.Error of kind Forbidden, or Malformed or
// TooLarge when it cannot be read.
func (s *Server) CheckForm(r *http.Request) error {
	if err := s.crossCheck.Check(r); err != nil {
		return errFormGone.WithCause(err)
	}
	if err := readForm(r); err != nil {
		return err
	}
	given := []byte(r.PostForm.Get(authserver.FormTokenField))
	for _, cookie := range []secret.Token{s.signinCookie(r), s.visitCookie(r)} {
		if !cookie.IsZero() && hmac.Equal(given, []byte(tokenOf(cookie))) {
			return nil
		}
	}
	return errFormGone
}

// readForm parses the body as a form: text in UTF-8, no field twice.
func readForm(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return errForm.WithCause(err)
	}
	if r.PostForm == nil {
		r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	}
	if err := r.ParseForm(); err != nil {
		return httpserver.BodyError(err, errForm.Message)
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			return errForm.WithCause(errors.New("a field came twice"))
		}
		if !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
			return errForm.WithCause(errors.New("a field is no text"))
		}
	}
	return nil
}

// returnTo is where a form leads when it is done: the path on this origin that
// the page was asked with, or "".
func returnTo(r *http.Request) string {
	to := r.URL.Query().Get("return_to")
	if r.Method == http.MethodPost {
		to = r.PostForm.Get("return_to")
	}
	return safePath(to)
}

// maxReturnTo is the longest path to return to, in bytes: an authorization
// request of the longest kind, and a little more.
const maxReturnTo = 17 << 10

// safePath returns to if it is a path on this origin, else "". Browsers take
// "//host", "/\host" and control characters before a host for other origins.
func safePath(to string) string {
	if len(to) > maxReturnTo || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.ContainsFunc(to, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f || c == utf8.RuneError }) {
		return ""
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return ""
	}
	return to
}

// onward is where to go after a form: where the person was going, or home.
func onward(to string) string {
	if to == "" {
		return "/"
	}
	return to
}

// withReturn adds return_to to a path of ours.
func withReturn(path, to string) string {
	if to == "" || to == "/" {
		return path
	}
	return path + "?return_to=" + url.QueryEscape(to)
}

// refuse fills the view of a form that was refused: sentences beside the fields
// they belong to, others on top. It returns the status of the answer, or the
// error itself when a form cannot say it.
func (s *Server) refuse(w http.ResponseWriter, v *view, err error) (int, error) {
	f := faultOf(err)
	if f == nil {
		return 0, err
	}
	status := map[fault.Kind]int{
		fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
		fault.Invalid: http.StatusUnprocessableEntity, fault.RateLimited: http.StatusTooManyRequests,
		fault.Unavailable: http.StatusServiceUnavailable, fault.Conflict: http.StatusConflict,
	}[f.Kind]
	if status == 0 {
		return 0, err
	}
	retryAfter(w, f)
	if broken, ok := errors.AsType[authserver.Violations](err); ok {
		v.Errors = map[string][]string{}
		for _, one := range broken {
			v.Errors[one.Field] = append(v.Errors[one.Field], v.texts.say(one.Message))
		}
		return status, nil
	}
	v.Alert = v.texts.sayAll(f)
	return status, nil
}

func faultOf(err error) *fault.Error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		return nil
	}
	return f
}
