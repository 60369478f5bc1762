package page

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// AskView asks before something ends: its button sends Fields to Action.
type AskView struct {
	Key           string // of its texts: KEY.heading, the title of the view; KEY.text; KEY.submit
	Back          string // path of the page that led here
	From          string // what that is of, by its name; "": it is a list, in lists
	Action        string
	Fields        []Carried
	Of            *ApplicationView // what is asked about; nil: the heading says it
	Facts         []Fact           // ask.fact.…
	Happens       []Happening
	NeedsPassword bool
	Nothing       bool // there is nothing to end
}

// placed is the name in the title, for a text under key that has a place for it.
func (v *View) placed(key string) []any {
	if strings.Contains(v.texts[key], "%s") {
		return v.TitleArgs
	}
	return nil
}

// named draws the text under key with names in its places. They are the words of others:
// the direction of theirs does not turn that of ours.
func named(v *View, key string, names ...any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if _, err := v.t(key, names...); err != nil {
			return err
		}
		for i, words := range strings.Split(v.texts[key], "%s") {
			if i > 0 {
				if err := bdi(fmt.Sprint(names[i-1])).Render(ctx, w); err != nil {
					return err
				}
			}
			if _, err := io.WriteString(w, templ.EscapeString(words)); err != nil {
				return err
			}
		}
		return nil
	})
}

// lists are the keys of the headings of the lists that lead to an AskPage, by their paths.
var lists = map[string]string{
	"/settings/signins": "signins.title", "/settings/family": "family.title", "/settings/identities": "identities.title",
}

// above is the key of the name of the page that led here.
func (d AskView) above() string {
	if key, ok := lists[d.Back]; ok {
		return key
	}
	return "form.back"
}
