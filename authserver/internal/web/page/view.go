package page

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"latchkey/authserver"
)

// View is what every page is drawn from, beside the page's own data. Site.View
// makes one; the handler fills in what the page needs.
type View struct {
	Language    string
	Theme       string // authserver.ThemeLight or ThemeDark; "": as the browser has it
	Here        string // address of the page, for a form that leads back; "": none
	Title       string // key of the heading in the window's title bar
	TitleArgs   []any
	Signin      *authserver.Signin // nil: nobody is signed in
	Path        string             // of a page with the navigation; "": a page without
	CSRF        string
	ReturnTo    string              // where the person was going; "": nowhere
	Asking      string              // name of the application that sent the person here; "": none
	Notice      string              // key of a good message on top
	Alert       string              // sentence of a bad message on top, translated
	Fields      map[string]string   // what was filled in
	Errors      map[string][]string // sentences by field, translated
	RequestID   string
	Now         time.Time
	FormTargets string // where a form may lead besides this server, for the CSP
	// LeadsAnywhere: the answer to the form is a redirect to an application, whose
	// callback may lead on to wherever it likes.
	LeadsAnywhere bool
	site          *Site
	texts         catalogue
}

// Draw writes the page, with the frame that all pages have around body, to w.
// The error names the page: a text or an asset that is not there.
func (v *View) Draw(ctx context.Context, w io.Writer, body templ.Component) error {
	return layout(v, body).Render(ctx, w)
}

// failed reports whether the form was refused.
func (v *View) failed() bool { return v.Alert != "" || len(v.Errors) > 0 }

// inSettings reports whether the page has the navigation.
func (v *View) inSettings() bool { return v.Signin != nil && v.Path != "" }

// t is the text under key with args filled in.
func (v *View) t(key string, args ...any) (string, error) { return v.texts.text(key, args...) }

// title is what the window's title bar says.
func (v *View) title() (string, error) {
	title, err := v.t(v.Title, v.TitleArgs...)
	if err != nil {
		return "", err
	}
	if v.console() {
		badge, err := v.t("operator.badge")
		if err != nil {
			return "", err
		}
		title += " · " + badge
	}
	title += " · " + v.site.branding.Name
	if !v.failed() {
		return title, nil
	}
	failed, err := v.t("layout.error")
	return failed + " " + title, err
}

// heading is own or, where that is "", the title.
func (v *View) heading(own string) (string, error) {
	if own != "" {
		return own, nil
	}
	return v.t(v.Title, v.TitleArgs...)
}

func (v *View) asset(name string) (string, error) { return v.site.assets.url(name) }

func (v *View) date(at time.Time) string { return at.In(v.zone()).Format(v.texts["format.date"]) }

func (v *View) time(at time.Time) string { return at.In(v.zone()).Format(v.texts["format.time"]) }

// calendar is a day that is the same wherever the reader is.
func (v *View) calendar(day time.Time) string { return day.Format(v.texts["format.date"]) }

// zone is that of the reader.
func (v *View) zone() *time.Location {
	if v.Signin == nil {
		return time.UTC
	}
	return v.Signin.User.Preferences().Zone()
}

// iso is a time for machines.
func iso(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// exact is a moment in the reader's zone and in UTC.
func (v *View) exact(at time.Time) string {
	text := v.time(at)
	if v.zone() != time.UTC {
		text += " · " + at.UTC().Format(v.texts["format.time"])
	}
	return text
}

// Happening is what a confirmed form will end: so many of what Key names; KEY.one is of
// one, KEY.none says that there are none. A Key that counts nothing is a sentence.
type Happening struct {
	Key   string // happens.…
	Count int
}

// Some are those of list of which there are any.
func Some(list ...Happening) []Happening {
	return slices.DeleteFunc(list, func(h Happening) bool { return h.Count == 0 })
}

func (v *View) happening(h Happening) (string, error) {
	if _, counts := v.texts[h.Key+".none"]; h.Count == 0 && !counts {
		return v.t(h.Key)
	}
	return v.counting(h.Key, int64(h.Count))
}

// lines draws the items of a text that has one on each line, with a sign before each;
// strokes "": without.
func lines(v *View, key, strokes string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		text, err := v.t(key)
		if err != nil {
			return err
		}
		list := strings.Split(text, "\n")
		if strokes == "" {
			return items(list).Render(ctx, w)
		}
		return signed(list, strokes).Render(ctx, w) //nolint:contextcheck // it is drawn with ctx
	})
}
