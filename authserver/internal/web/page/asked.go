package page

import "strings"

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
