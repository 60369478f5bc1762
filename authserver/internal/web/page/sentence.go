package page

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"latchkey/authserver"
)

// told is a sentence that tells of an event, with the name of what it is about inside.
type told struct{ Before, Name, After string }

// text is the sentence without markup.
func (s told) text() string { return s.Before + s.Name + s.After }

// aboutPeople are the kinds whose sentences name whom it happened to.
var aboutPeople = []string{authserver.EventMemberJoined, authserver.EventMemberRemoved, authserver.EventRoleChanged}

// AboutPerson reports whether the sentence names whom the event happened to.
func (r ActivityRow) AboutPerson() bool { return slices.Contains(aboutPeople, r.Kind) }

// byChoice reports whether e happened because its actor wanted just that: an
// application may end its own grants, and much ends along with something else.
func (r ActivityRow) byChoice() bool {
	switch r.Kind {
	case authserver.EventGrantEnded:
		return false
	case authserver.EventKeyRevoked:
		return r.Details["reason"] == authserver.KeyRevoked
	}
	return r.Details["by"] != "reset" && !r.theft()
}

// did reports whether the reader did it.
func (r ActivityRow) did(v *View) bool {
	return r.ActorID == v.Signin.User.ID && r.byChoice() && (r.UserID == r.ActorID || r.AboutPerson())
}

// New reports whether somebody signed in where nobody had before.
func (r ActivityRow) New() bool { return r.Kind == authserver.EventSignin && r.Details["new"] != "" }

// fresh reports whether that is to be looked at: nobody said that it was theirs, and it
// was not here.
func (r ActivityRow) fresh(v *View) bool {
	return r.New() && !r.Recognised && r.SubjectID != v.Signin.ID
}

// stems are the keys that may tell of the event, the best first, without "you." or
// "event." before them and ".named" behind.
func (r ActivityRow) stems(v *View) []string {
	stem := strings.TrimPrefix(r.textKey(), "event.")
	switch {
	case r.Kind == authserver.EventConsentGiven:
		return []string{stem + "." + r.Details["scope"], stem}
	case r.fresh(v) && r.ClientID != "":
		return []string{stem + ".new.device"}
	case r.fresh(v):
		return []string{stem + ".new"}
	case r.AboutPerson() && r.UserID != v.Signin.User.ID && r.Name == "":
		return []string{stem + ".other", stem}
	}
	return []string{stem}
}

// sentence tells of the event: "You …" where the reader did it.
func (v *View) sentence(r ActivityRow) (told, error) {
	if reason := EventReason(&r.Event); reason != "" {
		return v.counted(r, reason)
	}
	beginnings := []string{"event."}
	if r.did(v) {
		beginnings = []string{"you.", "event."}
	}
	for _, beginning := range beginnings {
		for _, stem := range r.stems(v) {
			key := beginning + stem
			if named, ok := v.texts[key+".named"]; ok && r.Name != "" {
				before, after, _ := strings.Cut(named, "%s")
				return told{before, r.Name, after}, nil
			}
			if _, ok := v.texts[key]; ok {
				return v.counted(r, key)
			}
		}
	}
	return v.counted(r, r.textKey())
}

// counted is the sentence under key, and how often it is to be told.
func (v *View) counted(r ActivityRow, key string) (told, error) {
	text, err := v.t(key)
	if err == nil && r.Again > 0 {
		text, err = v.t("event.times", text, r.Again+1)
	}
	return told{Before: text}, err
}

// Sentence is what the page says of the event, without markup.
func (v *View) Sentence(r ActivityRow) (string, error) {
	s, err := v.sentence(r)
	return s.text(), err
}

// Says reports whether the page shows all words of query in the row, in whatever case.
func (v *View) Says(r ActivityRow, query string) (bool, error) {
	if query == "" {
		return true, nil
	}
	what, err := v.Sentence(r)
	if err != nil {
		return false, err
	}
	facts, err := v.facts(r)
	shown := strings.ToLower(strings.Join([]string{r.Who, what, r.By, facts}, " "))
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(shown, word) {
			return false, err
		}
	}
	return true, err
}

// Browser is what a person would call the browser that sent userAgent; "": there was none.
func (v *View) Browser(userAgent string) (string, error) {
	if userAgent == "" {
		return "", nil
	}
	return v.browser(userAgent)
}

// sentence draws the sentence that tells of the event.
func sentence(v *View, r ActivityRow) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		s, err := v.sentence(r)
		if err != nil {
			return err
		}
		return telling(s).Render(ctx, w)
	})
}

// folded are rows in which refusals of one kind, one after the other and from one place on
// one day, are one.
func (v *View) folded(rows []ActivityRow) []ActivityRow {
	var list []ActivityRow
	for _, r := range rows {
		if last := len(list) - 1; last >= 0 && r.repeats(&list[last]) && v.sameDay(r.At, list[last].At) {
			list[last].Again++
			continue
		}
		list = append(list, r)
	}
	return list
}

func (r ActivityRow) repeats(one *ActivityRow) bool {
	return r.Kind == authserver.EventSigninFailed && one.Kind == r.Kind && one.UserID == r.UserID &&
		one.Address == r.Address && one.UserAgent == r.UserAgent && EventReason(&one.Event) == EventReason(&r.Event)
}
