package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// render draws the page into a buffer first: an error in it is a clean failure
// and not half a page. A page is drawn in no time, so a request that was given
// up, whose error page this may be, does not stop it.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, v *page.View, body templ.Component) error {
	var buf bytes.Buffer
	if err := v.Draw(context.WithoutCancel(r.Context()), &buf, body); err != nil {
		return fmt.Errorf("web: page %s: %w", v.Title, err)
	}
	s.pageHeaders(w.Header(), formAction(v))
	if q := r.URL.Query(); q.Has("token") || q.Has("code") || q.Has("return_to") {
		w.Header().Set("Referrer-Policy", "strict-origin") // what the page links to does not learn the link
	}
	w.Header().Set("Content-Language", v.Language)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(buf.Bytes()) // the browser may be gone; there is nobody left to tell
	}
	return nil
}

// formAction is the directive that says where forms may lead. Browsers apply it to
// every redirect on the way, the application's own included, so that a page whose
// form ends at an application has none: the callback may go on to another origin
// or to a scheme that nobody here knows. What is drawn is escaped, and the form's
// address is ours.
func formAction(v *page.View) string {
	if v.LeadsAnywhere {
		return ""
	}
	return "form-action 'self'" + v.FormTargets + "; "
}

func (s *Server) pageHeaders(h http.Header, formAction string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "+
		formAction+"frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Add("Vary", "Accept-Language, Cookie")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// errorTitles are the headings of error pages by status.
var errorTitles = map[int]string{
	http.StatusBadRequest: "error.400", http.StatusUnauthorized: "error.401", http.StatusForbidden: "error.403",
	http.StatusNotFound: "error.404", http.StatusMethodNotAllowed: "error.405", http.StatusConflict: "error.409",
	http.StatusRequestEntityTooLarge: "error.413", http.StatusUnprocessableEntity: "error.422",
	http.StatusTooManyRequests: "error.429", http.StatusServiceUnavailable: "error.503",
}

// RenderError answers with an error page. An unclassified error says nothing of
// its cause.
func (s *Server) RenderError(w http.ResponseWriter, r *http.Request, err error) {
	status, sentence := apierror.Status(err), "Something went wrong on our side. Try again in a moment."
	if f := faultOf(err); f != nil {
		sentence = s.site.SayFault(s.language(r), f)
		retryAfter(w, f)
	}
	s.errorPage(w, r, status, "", sentence)
}

// Error draws an error page for the OAuth endpoints: one sentence, one way
// onward, the request id.
func (s *Server) Error(w http.ResponseWriter, r *http.Request, status int, title, sentence string) {
	s.errorPage(w, r, status, title, sentence)
}

// renderJSON is RenderError for our own script, which shows the person the
// sentence: it is in the person's language.
func (s *Server) renderJSON(w http.ResponseWriter, r *http.Request, err error) {
	if f := faultOf(err); f != nil {
		translated := *f
		translated.Message = s.site.Say(s.language(r), f.Message)
		translated.Errors = nil
		err = &translated
	}
	apierror.Write(w, r, err)
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, status int, title, sentence string) {
	key, ok := errorTitles[status]
	if !ok {
		key = "error.500"
	}
	v := s.errorView(w, r, status, key)
	body := page.ErrorPage(v, s.site.Say(v.Language, title), s.site.Say(v.Language, sentence))
	if err := s.render(w, r, status, v, body); err != nil {
		httpserver.Cause(r.Context(), err)
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// errorView keeps the navigation of somebody who is signed in. Where the fault is
// ours nobody is looked up: what cannot be reached is not asked again.
func (s *Server) errorView(w http.ResponseWriter, r *http.Request, status int, title string) *page.View {
	if status < http.StatusInternalServerError {
		if in, err := s.current(r); err == nil && in != nil {
			return s.personalView(w, s.knowing(w, r, in), in, title)
		}
	}
	return s.bareView(r, title)
}

// retryAfter tells when to try again, where f knows.
func retryAfter(w http.ResponseWriter, f *fault.Error) {
	if f.Kind == fault.RateLimited || f.Kind == fault.Unavailable {
		w.Header().Set("Retry-After", apierror.RetryAfter(f.RetryAfter))
	}
}

// redirect sends the browser on with a GET, whatever it came with. to is a path of this
// origin (safePath), or an address of the operator or of a provider the operator chose.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
