package store_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
)

// walk reads a list to its end, page by page.
func walk[T any](t *testing.T, q authserver.Search, read func(q authserver.Search) (authserver.Found[T], error), name func(T) string) []string {
	t.Helper()
	var names []string
	for {
		page, err := read(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			names = append(names, name(row))
		}
		if len(names) > page.Total {
			t.Fatalf("%d rows of %d", len(names), page.Total)
		}
		if page.Next.ID == "" {
			if len(names) != page.Total {
				t.Errorf("%d rows of %d", len(names), page.Total)
			}
			return names
		}
		if q.After, err = authserver.ParsePlace(q.Order, page.Next.String()); err != nil || q.After != page.Next {
			t.Fatalf("%+v, %v", q.After, err)
		}
	}
}

// Every row of a list is on one of its pages, once and in order, whatever was
// searched for; rows made at the same moment too.
func TestListsByPage(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		for i := range 7 {
			at := start.Add(time.Duration(i/3) * time.Second)
			id := "client-" + strconv.Itoa(i)
			addClient(t, s, id)
			exec(t, db, `UPDATE clients SET created_at = $2, name = $3 WHERE id = $1`, id, at, "App "+strconv.Itoa(6-i))
		}
		clients := func(q authserver.Search) (authserver.Found[*authserver.Client], error) {
			return s.SearchClients(t.Context(), q)
		}
		id := func(c *authserver.Client) string { return c.ID }
		newest := []string{"client-6", "client-5", "client-4", "client-3", "client-2", "client-1", "client-0"}
		if got := walk(t, authserver.Search{Text: "APP ", Limit: 2}, clients, id); !slices.Equal(got, newest) {
			t.Errorf("%v", got)
		}
		if got := walk(t, authserver.Search{Text: "app", Limit: 3, Order: authserver.OrderName}, clients, id); !slices.Equal(got, newest) {
			t.Errorf("by name: %v", got)
		}
		for text, want := range map[string]int{"App 1": 1, "app%": 0, "_pp": 0, `\`: 0, "client-3": 1, "app.example": 7, "none": 0} {
			if got := walk(t, authserver.Search{Text: text, Limit: 2}, clients, id); len(got) != want {
				t.Errorf("%q: %v", text, got)
			}
		}
		for state, want := range map[string]int{authserver.ClientVouched: 7, authserver.ClientOwned: 0, authserver.ClientDisabled: 0} {
			if got := walk(t, authserver.Search{State: state, Text: "App", Limit: 10}, clients, id); len(got) != want {
				t.Errorf("%s: %v", state, got)
			}
		}
		testPeople(t, db, s, p)
		testKeys(t, s, p)
	})
}

func testPeople(t *testing.T, db *database.DB, s *store.Store, p person) {
	t.Helper()
	other := addPerson(t, db)
	exec(t, db, `UPDATE users SET first_name = 'Ada' WHERE id = $1`, p.id)
	exec(t, db, `UPDATE families SET name = 'The lake house' WHERE id = $1`, other.family)
	if ok, err := s.Deactivate(t.Context(), other.id, true, start); err != nil || !ok {
		t.Fatal(ok, err)
	}
	people := func(q authserver.Search) (authserver.Found[authserver.UserEntry], error) {
		return s.SearchUsers(t.Context(), q)
	}
	email := func(u authserver.UserEntry) string { return u.Email }
	mine, theirs := p.id+"@example.com", other.id+"@example.com"
	for _, c := range []struct {
		q    authserver.Search
		want []string
	}{
		{authserver.Search{Text: "ada"}, []string{mine}},
		{authserver.Search{Text: p.id}, []string{mine}},
		{authserver.Search{Text: "LAKE"}, []string{theirs}},
		{authserver.Search{Text: theirs}, []string{theirs}},
		{authserver.Search{State: authserver.UserDeactivated}, []string{theirs}},
		{authserver.Search{State: authserver.UserActive}, []string{mine}},
		{authserver.Search{State: authserver.UserNoFactor}, []string{mine}},
		{authserver.Search{State: authserver.UserOperator}, nil},
	} {
		for c.q.Limit = 1; c.q.Limit < 3; c.q.Limit++ {
			if got := walk(t, c.q, people, email); !slices.Equal(got, c.want) {
				t.Errorf("%+v: %v", c.q, got)
			}
		}
	}
	families, err := s.SearchFamilies(t.Context(), authserver.Search{Order: authserver.OrderName, Limit: 5})
	if err != nil || len(families.Rows) != 2 || families.Rows[0].Members != 1 || families.Rows[1].Members != 0 || families.Rows[1].Name != "The lake house" {
		t.Errorf("%+v, %v", families, err)
	}
}

func testKeys(t *testing.T, s *store.Store, p person) {
	t.Helper()
	k, _ := addKey(t, s, p.id, authserver.SourceWeb)
	gone, _ := addKey(t, s, p.id, authserver.SourceMobile)
	if _, err := s.RevokeAPIKey(t.Context(), "", gone.ID, authserver.KeyRevoked, start); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[string][]string{authserver.KeyLive: {k.ID}, authserver.KeyEnded: {gone.ID}} {
		got := walk(t, authserver.Search{State: state, Text: "key", Limit: 1}, func(q authserver.Search) (authserver.Found[authserver.KeyEntry], error) {
			return s.SearchAPIKeys(t.Context(), q, start)
		}, func(k authserver.KeyEntry) string { return k.ID })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", state, got)
		}
	}
}

func TestPlacesOfLists(t *testing.T) {
	for _, text := range []string{"x", "%%%", "YQ", "YQo", "AAo"} {
		if _, err := authserver.ParsePlace(authserver.OrderNewest, text); err == nil {
			t.Errorf("%q is a place", text)
		}
	}
}
