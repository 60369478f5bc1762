package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/pkg/httpserver"
)

// view is what every page is drawn from, beside the page's own data.
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
	RequestID   string
	formTargets string // where a form may lead besides this server, for the CSP
	server      *Server
	texts       catalogue
}

// newView fills in what every page has.
func (s *Server) newView(w http.ResponseWriter, r *http.Request, title string, args ...any) *view {
	v := s.bareView(r, title, args...)
	v.CSRF = s.formToken(w, r)
	return v
}

// bareView is newView for a page without forms.
func (s *Server) bareView(r *http.Request, title string, args ...any) *view {
	language := s.language(r)
	return &view{
		Language: language, Title: title, TitleArgs: args, RequestID: httpserver.RequestID(r.Context()),
		server: s, texts: s.texts[language],
	}
}

// failed reports whether the form was refused.
func (v *view) failed() bool { return v.Alert != "" || len(v.Errors) > 0 }

// inSettings reports whether the page has the navigation.
func (v *view) inSettings() bool { return v.Signin != nil && v.Path != "" }

// t is the text under key with args filled in.
func (v *view) t(key string, args ...any) (string, error) { return v.texts.text(key, args...) }

// title is what the window's title bar says.
func (v *view) title() (string, error) {
	title, err := v.t(v.Title, v.TitleArgs...)
	if err != nil || !v.failed() {
		return title + " · Latchkey", err
	}
	failed, err := v.t("layout.error")
	return failed + " " + title + " · Latchkey", err
}

func (v *view) asset(name string) (string, error) { return v.server.assets.url(name) }

func (v *view) date(at time.Time) string { return at.UTC().Format(v.texts["format.date"]) }

func (v *view) time(at time.Time) string { return at.UTC().Format(v.texts["format.time"]) }

// iso is a time for machines.
func iso(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// browser is what a person would call the browser that sent userAgent.
func (v *view) browser(userAgent string) (string, error) {
	name, system := browserName(userAgent)
	switch {
	case name == "":
		return v.t("browser.unknown")
	case system == "":
		return name, nil
	}
	return v.t("browser.on", name, system)
}

// endLabel names the button that ends the sign-in of a browser.
func (v *view) endLabel(userAgent string) (string, error) {
	browser, err := v.browser(userAgent)
	if err != nil {
		return "", err
	}
	return v.t("signins.end.label", browser)
}

// lines draws the items of a text that has one on each line.
func lines(v *view, key string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		text, err := v.t(key)
		if err != nil {
			return err
		}
		return items(strings.Split(text, "\n")).Render(ctx, w)
	})
}
