package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

const maxForm = 64 << 10 // bytes; the longest field is a list of redirect URIs

var (
	errForm      = fault.New(fault.Malformed, "The form could not be read.")
	errFormOther = fault.New(fault.Forbidden, "Someone else opened this form and has since signed out. Nothing was done.")
	errOther     = fault.New(fault.Conflict, "Someone else has signed in here in the meantime. Sign out first, then sign in again.")
	errFormGone  = fault.New(fault.Forbidden, "This form has expired or was not sent from our page. Go back, reload the page and try again.")
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

// formOwner is what the token of a form carries of the person whose page it is on: it
// tells a form from one of somebody else who was signed in here before.
func formOwner(userID string) string {
	sum := sha256.Sum256([]byte("form of " + userID))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// ofSomebodyElse reports whether the form of r is from a page of somebody else than
// the person.
func ofSomebodyElse(r *http.Request, userID string) bool {
	_, owner, said := strings.Cut(r.PostForm.Get(authserver.FormTokenField), ".")
	return said && owner != formOwner(userID)
}

// CheckForm refuses a form that another origin sent, or that does not carry the
// token of this browser (authserver.ErrStaleForm, where the browser says that
// the form is of this origin). *fault.Error of kind Forbidden, or Malformed or
// TooLarge when it cannot be read.
func (s *Server) CheckForm(r *http.Request) error {
	if err := s.crossCheck.Check(r); err != nil {
		return errFormGone.WithCause(err)
	}
	if err := readForm(r); err != nil {
		return err
	}
	token, _, _ := strings.Cut(r.PostForm.Get(authserver.FormTokenField), ".")
	given := []byte(token)
	for _, cookie := range []secret.Token{s.signinCookie(r), s.visitCookie(r)} {
		if !cookie.IsZero() && hmac.Equal(given, []byte(tokenOf(cookie))) {
			return nil
		}
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return errFormGone // crossCheck let it through unseen
	}
	return authserver.ErrStaleForm
}

func readFields(r *http.Request) error {
	if r.PostForm == nil {
		r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	}
	if err := r.ParseForm(); err != nil {
		return httpserver.BodyError(err, errForm.Message)
	}
	return nil
}

// readForm parses the body as a form: text in UTF-8, no field twice.
func readForm(r *http.Request) error {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return errForm.WithCause(err)
	}
	if file, may := r.Context().Value(fileKey{}).(*file); may && kind == "multipart/form-data" {
		err = readParts(r, parameters["boundary"], file)
	} else if kind == "application/x-www-form-urlencoded" {
		err = readFields(r)
	} else {
		err = errForm
	}
	if err != nil {
		return err
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			return errForm.WithCause(errors.New("a field came twice"))
		}
		if !isText(values[0]) {
			return errForm.WithCause(errors.New("a field is no text"))
		}
	}
	return nil
}
