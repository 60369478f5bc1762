package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

//go:embed templates/*.html
var templateFiles embed.FS

// view is what every page is drawn from. Data is the page's own.
type view struct {
	Language    string
	Title       string // key of the heading in the window's title bar
	TitleArgs   []any
	Signin      *authserver.Signin // nil: nobody is signed in
	Path        string             // of a page in the navigation
	CSRF        string
	ReturnTo    string              // where the person was going; "": nowhere
	Asking      string              // name of the application that sent the person here; "": none
	Notice      string              // key of a good message on top
	Alert       string              // sentence of a bad message on top, translated
	Fields      map[string]string   // what was filled in
	Errors      map[string][]string // sentences by field, translated
	Data        any
	RequestID   string
	formTargets string // where a form may lead besides this server, for the CSP
	page        string // the template that draws the content
}

// Failed reports whether the form was refused.
func (v *view) Failed() bool { return v.Alert != "" || len(v.Errors) > 0 }

// parsePages makes one set of templates for each language. The layout has its
// page drawn by name; a copy of the layout for each page would take 6 MiB.
func (s *Server) parsePages() (map[string]*template.Template, error) {
	all := map[string]*template.Template{}
	for language, texts := range s.texts {
		set := template.New("")
		functions := s.functions(language, texts)
		functions["content"] = func(v *view) (template.HTML, error) {
			var buf bytes.Buffer
			err := set.ExecuteTemplate(&buf, v.page+".html", v)
			return template.HTML(buf.String()), err //nolint:gosec // escaped by the template that made it
		}
		if _, err := set.Funcs(functions).ParseFS(templateFiles, "templates/*.html"); err != nil {
			return nil, fmt.Errorf("web: templates: %w", err)
		}
		all[language] = set
	}
	return all, nil
}

func (s *Server) functions(language string, texts catalogue) template.FuncMap {
	return template.FuncMap{
		"t":     texts.text,
		"title": func(v *view) (string, error) { return texts.text(v.Title, v.TitleArgs...) },
		"say":   texts.say,
		"asset": s.assets.url,
		"field": newField,
		"lang":  func() string { return language },
		"date":  func(at time.Time) string { return at.UTC().Format(texts["format.date"]) },
		"time":  func(at time.Time) string { return at.UTC().Format(texts["format.time"]) },
		"iso":   func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"list":  func(items ...string) []string { return items },
		"host":  func() string { return s.host },
		"browser": func(userAgent string) (string, error) {
			name, system := browserName(userAgent)
			if name == "" {
				return texts.text("browser.unknown")
			}
			if system == "" {
				return name, nil
			}
			return texts.text("browser.on", name, system)
		},
		"icon":      icon,
		"lines":     lines,
		"nav":       func() []section { return sections },
		"providers": s.SSO.Providers,
	}
}

// newView fills in what every page has.
func (s *Server) newView(w http.ResponseWriter, r *http.Request, title string, args ...any) *view {
	return &view{
		Language: s.language(r), Title: title, TitleArgs: args,
		CSRF: s.formToken(w, r), RequestID: httpserver.RequestID(r.Context()),
	}
}

// render draws the page into a buffer first: an error in a template is a clean
// failure and not half a page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page string, v *view) error {
	v.page = page
	var buf bytes.Buffer
	if err := s.pages[v.Language].ExecuteTemplate(&buf, "layout", v); err != nil {
		return fmt.Errorf("web: page %s: %w", page, err)
	}
	s.pageHeaders(w.Header(), v.formTargets)
	w.Header().Set("Content-Language", v.Language)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(buf.Bytes()) // the browser may be gone; there is nobody left to tell
	}
	return nil
}

func (s *Server) pageHeaders(h http.Header, formTargets string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "+
		"form-action 'self'"+formTargets+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Add("Vary", "Accept-Language")
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
		sentence = s.texts[s.language(r)].sayAll(f)
		retryAfter(w, f)
	}
	s.errorPage(w, r, status, "", sentence)
}

// Error draws an error page for the OAuth endpoints: one sentence, one way
// onward, the request id.
func (s *Server) Error(w http.ResponseWriter, r *http.Request, status int, title, sentence string) {
	s.errorPage(w, r, status, title, sentence)
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, status int, title, sentence string) {
	key, ok := errorTitles[status]
	if !ok {
		key = "error.500"
	}
	v := &view{Language: s.language(r), Title: key, RequestID: httpserver.RequestID(r.Context())}
	texts := s.texts[v.Language]
	if title == "" {
		title = texts[key]
	}
	v.Data = struct{ Heading, Sentence string }{texts.say(title), texts.say(sentence)}
	if err := s.render(w, r, status, "error", v); err != nil {
		httpserver.Cause(r.Context(), err)
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// retryAfter tells when to try again, where f knows.
func retryAfter(w http.ResponseWriter, f *fault.Error) {
	if f.Kind == fault.RateLimited || f.Kind == fault.Unavailable {
		w.Header().Set("Retry-After", apierror.RetryAfter(f.RetryAfter))
	}
}

// redirect sends the browser on with a GET, whatever it came with.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of this origin (safePath), or an address of the operator or of a provider the operator chose
	return nil
}
