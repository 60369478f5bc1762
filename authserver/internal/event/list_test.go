package event_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/fault"
)

func (w *world) record(u authserver.User, kind, subject string) {
	w.Helper()
	if err := w.Record(w.Context(), authserver.Event{Kind: kind, UserID: u.ID, SubjectID: subject}); err != nil {
		w.Fatal(err)
	}
}

// subjects are those of the events that f chooses.
func (w *world) subjects(f authserver.EventFilter) (found []string) {
	w.Helper()
	err := w.Each(w.Context(), f, func(e *authserver.Event) error {
		found = append(found, e.SubjectID)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return found
}

func TestFiltersChoose(t *testing.T) {
	eachEngine(t, func(w *world) {
		other := *w.Person()
		for i, u := range []authserver.User{w.user, w.user, other, w.user} {
			w.At(time.Duration(i) * time.Hour)
			kind := authserver.EventSignin
			if i == 1 {
				kind = authserver.EventKeyCreated
			}
			w.record(u, kind, fmt.Sprint(i))
		}
		for _, c := range []struct {
			f    authserver.EventFilter
			want []string
		}{
			{authserver.EventFilter{}, []string{"3", "2", "1", "0"}},
			{authserver.EventFilter{Limit: 2}, []string{"3", "2"}},
			{authserver.EventFilter{UserID: w.user.ID}, []string{"3", "1", "0"}},
			{authserver.EventFilter{FamilyID: other.FamilyID}, []string{"2"}},
			{authserver.EventFilter{UserID: other.ID, FamilyID: w.user.FamilyID}, nil},
			{authserver.EventFilter{Kinds: []string{authserver.EventKeyCreated, authserver.EventSignout}}, []string{"1"}},
			{authserver.EventFilter{Since: start.Add(time.Hour), Until: start.Add(3 * time.Hour)}, []string{"2", "1"}},
			{authserver.EventFilter{UserID: "' OR '1'='1"}, nil},
			{authserver.EventFilter{FamilyID: "x'; DELETE FROM events; --"}, nil},
			{authserver.EventFilter{Kinds: []string{"signin') OR ('1'='1"}}, nil},
		} {
			if got := w.subjects(c.f); fmt.Sprint(got) != fmt.Sprint(c.want) {
				w.Errorf("%+v: %v, want %v", c.f, got, c.want)
			}
		}
	})
}

// Many events of one moment are neither passed over nor told twice.
func TestPagesOfOneMoment(t *testing.T) {
	eachEngine(t, func(w *world) {
		for i := range 25 {
			w.record(w.user, authserver.EventSignin, fmt.Sprint(i))
		}
		seen := map[string]bool{}
		f := authserver.EventFilter{Limit: 4}
		for {
			found, err := w.OfUser(w.Context(), &w.user, false, f)
			if err != nil {
				w.Fatal(err)
			}
			for _, e := range found {
				if seen[e.ID] {
					w.Errorf("%s is told twice", e.ID)
				}
				seen[e.ID] = true
				f.After = e.Place()
			}
			if len(found) < f.Limit {
				break
			}
		}
		if len(seen) != 25 {
			w.Errorf("%d events", len(seen))
		}
	})
}

func TestWhoseEvents(t *testing.T) {
	eachEngine(t, func(w *world) {
		other := *w.Person()
		member := *w.Person()
		if err := w.Harness.Store.MoveUser(w.Context(), member.ID, w.user.FamilyID, authserver.RoleMember); err != nil {
			w.Fatal(err)
		}
		member.FamilyID, member.Role = w.user.FamilyID, authserver.RoleMember
		for _, u := range []authserver.User{w.user, member, other} {
			w.record(u, authserver.EventSignin, u.ID)
		}
		mine, err := w.OfUser(w.Context(), &w.user, true, authserver.EventFilter{UserID: other.ID, FamilyID: other.FamilyID})
		if err != nil || len(mine) != 2 || mine[0].UserID != member.ID || mine[1].UserID != w.user.ID {
			w.Errorf("the admin sees %+v, %v", mine, err)
		}
		own, err := w.OfUser(w.Context(), &member, false, authserver.EventFilter{UserID: w.user.ID})
		if err != nil || len(own) != 1 || own[0].UserID != member.ID {
			w.Errorf("the member sees %+v, %v", own, err)
		}
		if _, err := w.OfUser(w.Context(), &member, true, authserver.EventFilter{}); !fault.Is(err, fault.Forbidden) {
			w.Errorf("the member asks for the family's: %v", err)
		}
	})
}

func TestNoCellIsAFormula(t *testing.T) {
	var out bytes.Buffer
	c, err := event.NewCSV(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, agent := range []string{`=HYPERLINK("https://evil.example","x")`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a,\"b\"\n=1", "Firefox"} {
		e := authserver.Event{Kind: authserver.EventSignin, At: start, Origin: authserver.Origin{UserAgent: agent}}
		if err := c.Write(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 9 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && bytes.ContainsAny([]byte(cell[:1]), "=+-@\t\r") {
				t.Errorf("%q", cell)
			}
		}
	}
	if rows[1][11] != `'=HYPERLINK("https://evil.example","x")` || rows[8][11] != "Firefox" {
		t.Errorf("%q, %q", rows[1][11], rows[8][11])
	}
}
