package page

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
)

// ActivityPath is where a person sees what happened to the account.
const ActivityPath = "/settings/activity"

// notMe is where "This wasn't me" leads.
func (r ActivityRow) notMe() string {
	return ActivityPath + "/not-me?" + url.Values{"event": {r.ID}}.Encode()
}

// NotMeView is the data of NotMePage.
type NotMeView struct {
	Rows    []ActivityRow // the event; none: it is not known which
	End     Ending        // of what came of it; zero: nothing did
	Gone    bool          // what came of it is over
	HasKeys bool
}

// Ending is a page that asks before something ends, and the key of what ends.
type Ending struct{ Key, Link string }

// ActivityView is the data of ActivityPage.
type ActivityView struct {
	Rows      []ActivityRow
	Query     string // what rows must say; "": anything
	Group     string // of authserver.EventGroups; "": all
	Days      string // one of ActivityDays
	Family    bool   // of the household rather than the person
	MayFamily bool   // whether the person may ask for those
	First     bool   // whether it is the first page
	Older     string // cursor of the next page; "": there is none
	Total     int    // of all pages; 0: not counted
	Looked    int    // events that were searched, of which there are more; 0: all were
	Kept      int    // days for which events are kept
}

// ActivityDays are the spans of time that can be asked for.
var ActivityDays = []string{"30", "7", "1", "365"}

// ActivityRow is an event with the names of what its ids stand for.
type ActivityRow struct {
	authserver.Event
	Name string // of the application, key or device; "": not known, or there is none
	Who  string // whose account, among those of a household
	By   string // the member who did it to somebody else

	Gone       bool // the application is, and nobody knows what it was called
	Recognised bool // a sign-in where nobody had before, of which the person said that it was theirs

	Again int // how many more of the same kind the row stands for
}

// ActivityDay is the events of one day of the reader.
type ActivityDay struct {
	At   time.Time
	Rows []ActivityRow
}

func (v *View) days(d ActivityView) (days []ActivityDay) {
	for _, row := range v.folded(d.Rows) {
		last := len(days) - 1
		if last < 0 || !v.sameDay(row.At, days[last].At) {
			days = append(days, ActivityDay{At: row.At})
			last++
		}
		days[last].Rows = append(days[last].Rows, row)
	}
	return days
}

// dayName is a day as a person calls it: today, yesterday, or its date.
func (v *View) dayName(at time.Time) (string, error) {
	switch v.near(at) {
	case "today":
		return v.t("activity.today")
	case "yesterday":
		return v.t("activity.yesterday")
	}
	weekday, err := v.t("weekday." + strconv.Itoa(int(at.In(v.zone()).Weekday())))
	return weekday + ", " + v.date(at), err
}

// link is the address of this page with another cursor; "": the first page.
func (d ActivityView) link(cursor string) string { return ActivityPath + "?" + d.chosen(cursor) }

// csv is the address of a file with what is chosen.
func (d ActivityView) csv() string { return ActivityPath + ".csv?" + d.chosen("") }

func (d ActivityView) chosen(cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": d.Query, "kind": d.Group, "days": d.Days, "before": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if d.Family {
		q.Set("of", "family")
	}
	return q.Encode()
}

// theft reports whether somebody holds what only the person or an application
// should.
func (r ActivityRow) theft() bool {
	return r.Outcome == authserver.OutcomeFailure && r.Kind != authserver.EventSigninFailed
}

// noted reports whether the reader should look at it.
func (r ActivityRow) noted(v *View) bool { return r.theft() || r.fresh(v) }

// mine reports whether whoever signs in as the reader did it.
func (r ActivityRow) mine(v *View) bool {
	return r.UserID == v.Signin.User.ID && (r.ActorID == r.UserID || r.theft() || r.Kind == authserver.EventResetRequested)
}

// textKey is the key of the sentence that tells of the event.
func (r ActivityRow) textKey() string {
	switch {
	case authserver.EventGroupOf(r.Kind) == "": // of a newer program
		return "event.other"
	case r.Kind == authserver.EventGrantEnded && r.theft():
		return "event.grant.ended.theft"
	case r.Kind == authserver.EventExported && r.Details["household"] != "":
		return "event.account.exported.household"
	case r.Kind == authserver.EventPasswordChanged && r.Details["by"] == "link":
		return "event.password.changed.link"
	}
	return "event." + r.Kind
}

// EventText is the key of the sentence that tells of e.
func EventText(e *authserver.Event) string { return ActivityRow{Event: *e}.textKey() }

// EventReason is the key of why a sign-in failed; "": not known, or e is none.
func EventReason(e *authserver.Event) string {
	if e.Kind != authserver.EventSigninFailed {
		return ""
	}
	return reasons[e.Details["reason"]]
}

// sign is the class of the picture before the row.
func (r ActivityRow) sign(v *View) string {
	switch {
	case r.noted(v):
		return "sign warn"
	case r.Outcome == authserver.OutcomeFailure:
		return "sign bad"
	}
	return "sign"
}

var groupIcons = map[string]string{
	"signins": "nav.signins", "security": "nav.security", "applications": "nav.applications", "keys": "nav.keys",
	"household": "nav.family", "account": "nav.account",
}

func (r ActivityRow) icon() string {
	if key, ok := groupIcons[authserver.EventGroupOf(r.Kind)]; ok {
		return key
	}
	return "nav.activity"
}

// reasons are why a sign-in failed, in words that people know.
var reasons = map[string]string{
	"password": "event.reason.password", "second factor": "event.reason.factor",
	"passkey": "event.reason.passkey", "unknown passkey": "event.reason.passkey", "passkey counter": "event.reason.passkey",
}

// facts are what is known beside the sentence, in words.
func (v *View) facts(r ActivityRow) (string, error) {
	var parts, keys []string
	if role := r.Details["role"]; role != "" {
		keys = append(keys, "role."+role)
	}
	if zone := r.Details["time_zone"]; zone != "" {
		parts = append(parts, zoneLabel(zone))
	}
	if r.Kind == authserver.EventKeyCreated { // of others the sentence tells it
		for _, scope := range strings.Fields(r.Details["scope"]) {
			keys = append(keys, "key.scope."+scope)
		}
	}
	if r.Gone {
		keys = append(keys, "event.gone.application")
	}
	other := r.ByAnother(v.Signin.User.ID)
	switch {
	case r.ActorID == authserver.ActorServer:
		keys = append(keys, "event.by."+r.ActorID)
	case r.ActorID == authserver.ActorOperator || other && r.By == "":
		keys = append(keys, "event.by.operator")
	case r.UserAgent == "" && r.Address == "":
		keys = append(keys, "event.by.unknown")
	}
	for _, key := range keys {
		text, err := v.t(key)
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
	}
	if other {
		return strings.Join(parts, " · "), nil
	}
	if r.UserAgent != "" || r.Address != "" {
		browser, err := v.browser(r.UserAgent)
		if err != nil {
			return "", err
		}
		parts = append(parts, browser)
	}
	if r.Address != "" {
		place, err := v.Place(r.Address)
		if err != nil {
			return "", err
		}
		parts = append(parts, place)
	}
	return strings.Join(parts, " · "), nil
}

func (v *View) clock(at time.Time) string { return at.In(v.zone()).Format(v.texts["format.clock"]) }
