package operator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/pkg/fault"
)

func TestLookingThroughTheInstance(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.AddClient("app")
		w.allow("app")
		id, _ := w.key()
		people, err := w.People(w.Context(), authserver.Search{Text: w.ada.Email})
		if err != nil || people.Total != 1 || people.Rows[0].ID != w.ada.ID {
			w.Errorf("%+v, %v", people, err)
		}
		for range operator.PageSize {
			w.Harness.Person()
		}
		for _, limit := range []int{0, -1, operator.MaxPageSize + 1} {
			if page, err := w.People(w.Context(), authserver.Search{Limit: limit}); err != nil || len(page.Rows) != operator.PageSize || page.Total != operator.PageSize+2 {
				w.Errorf("limit %d: %d rows, %v", limit, len(page.Rows), err)
			}
		}
		clients, err := w.Clients(w.Context(), authserver.Search{})
		if err != nil || clients.Total != 1 {
			w.Errorf("%+v, %v", clients, err)
		}
		keys, err := w.Keys(w.Context(), authserver.Search{State: authserver.KeyLive})
		if err != nil || keys.Total != 1 || keys.Rows[0].ID != id || keys.Rows[0].Email != w.ada.Email {
			w.Errorf("%+v, %v", keys, err)
		}
		families, err := w.Families(w.Context(), authserver.Search{})
		if err != nil || families.Total != operator.PageSize+2 {
			w.Errorf("%d, %v", families.Total, err)
		}
		f, members, err := w.Family(w.Context(), w.ada.FamilyID)
		if err != nil || f.Members != 1 || len(members) != 1 || members[0].ID != w.ada.ID {
			w.Errorf("%+v, %v", f, err)
		}
		for _, none := range []string{"Family", "x", uuid.NewString()} {
			_, _, err = w.Family(w.Context(), none)
			w.Want("no family: "+none, err, fault.NotFound)
		}
		p, err := w.Service.Person(w.Context(), w.ada.ID)
		if err != nil || len(p.Signins) != 1 || len(p.Devices) != 0 || len(p.Applications) != 1 || len(p.Keys) != 1 {
			w.Errorf("%+v, %v", p, err)
		}
		_, err = w.Service.Person(w.Context(), "x")
		w.Want("nobody", err, fault.NotFound)
	})
}

// TestHealthWaitsForNobody: what gives no answer in time does not work, and the rest is
// known nevertheless.
func TestHealthWaitsForNobody(t *testing.T) {
	eachEngine(t, func(w *world) {
		parts := w.Health(w.Context())()
		if len(parts) != 3 || parts[0].Name != "database" || parts[0].State != authserver.ComponentWorks ||
			parts[1].Name != "cache" || parts[1].State != authserver.ComponentFails || parts[1].Why != authserver.FaultTimeout ||
			parts[2].Name != "email" || parts[2].State != authserver.ComponentFails || parts[2].Why != authserver.FaultError {
			w.Errorf("%+v", parts)
		}
		if said := w.said.String(); !strings.Contains(said, "a defect") || !strings.Contains(said, "operator_test.go") {
			w.Errorf("the log does not say what panicked where: %s", said)
		}
		if w.Version() != "1.2.3" {
			w.Error(w.Version())
		}
	})
}

func TestEventsByPage(t *testing.T) {
	eachEngine(t, func(w *world) {
		for i := range 7 {
			if i%3 == 0 { // some of one moment
				w.Pass(time.Second)
			}
			w.must(w.Harness.Events().Record(w.Context(), authserver.Event{Kind: authserver.EventExported, UserID: w.ada.ID}))
		}
		seen, q := map[string]bool{}, authserver.Search{Text: w.ada.ID, Limit: 2}
		for pages := 1; ; pages++ {
			found, err := w.Service.Events(w.Context(), q)
			w.must(err)
			for _, e := range found.Rows {
				seen[e.ID] = true
			}
			if q.After = found.Next; q.After.ID == "" {
				if len(seen) != 7 || pages != 4 {
					w.Errorf("%d events on %d pages", len(seen), pages)
				}
				break
			}
		}
		q.After = authserver.NewPlace(authserver.OrderNewest, "", w.Now(), "x")
		_, err := w.Service.Events(w.Context(), q)
		w.Want("the place of no event", err, fault.Malformed)
	})
}

// A person who takes somebody's address or id for a name takes no place of theirs.
func TestEventsOfAnAddressAreOfWhoHasIt(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.must(w.Harness.Events().Record(w.Context(), authserver.Event{Kind: authserver.EventExported, UserID: w.ada.ID}))
		w.Pass(time.Second)
		liar := w.Harness.Person()
		w.Harness.Exec(`UPDATE users SET first_name = $1, last_name = $2 WHERE id = $3`, w.ada.Email, w.ada.ID, liar.ID)
		found, err := w.Service.Events(w.Context(), authserver.Search{Text: strings.ToUpper(w.ada.Email)})
		if err != nil || len(found.Rows) != 1 || found.Rows[0].UserID != w.ada.ID {
			w.Errorf("%+v, %v", found, err)
		}
		names := map[string]string{w.ada.ID: "", "x": "", uuid.NewString(): ""}
		w.must(w.Service.Names(w.Context(), names))
		if names[w.ada.ID] != w.ada.Email || names["x"] != "" {
			w.Errorf("%v", names)
		}
		w.must(w.Service.Names(w.Context(), map[string]string{}))
		w.Harness.Exec(`UPDATE users SET email = 'gone', former_email = email, deactivated_at = created_at WHERE id = $1`, w.ada.ID)
		found, err = w.Service.Events(w.Context(), authserver.Search{Text: w.ada.Email})
		if err != nil || len(found.Rows) != 1 || found.Rows[0].UserID != w.ada.ID {
			w.Errorf("of a closed account: %+v, %v", found, err)
		}
	})
}
