package page

// AskView asks before something ends: its button sends Fields to Action.
type AskView struct {
	Key           string // of its texts: KEY.heading, the title of the view; KEY.text; KEY.submit
	Back          string // path of the page that led here
	From          string // what that is of, by its name; "": it is a list
	Action        string
	Fields        []Carried
	Facts         []Fact // ask.fact.…
	Happens       []Happening
	NeedsPassword bool
}
