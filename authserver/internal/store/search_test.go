package store_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

// walk reads a list to its end, page by page, and back to its beginning.
func walk[T any](t *testing.T, q authserver.Search, read func(q authserver.Search) (authserver.Found[T], error), name func(T) string) []string {
	t.Helper()
	var names []string
	turn := func(q authserver.Search) authserver.Found[T] {
		t.Helper()
		page, err := read(q)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	again := func(p authserver.Place) authserver.Place {
		t.Helper()
		read, err := authserver.ParsePlace(q.Order, p.String())
		if err != nil || read != p {
			t.Fatalf("%+v, %v", read, err)
		}
		return read
	}
	page := turn(q)
	for {
		if page.From != len(names) || (page.Previous.ID != "") != (page.From > 0) {
			t.Fatalf("after %d rows: %d, before %+v", len(names), page.From, page.Previous)
		}
		for _, row := range page.Rows {
			names = append(names, name(row))
		}
		if page.Next.ID == "" {
			break
		}
		q.After = again(page.Next)
		page = turn(q)
	}
	if len(names) != page.Total {
		t.Errorf("%d rows of %d", len(names), page.Total)
	}
	for end := page.From; page.Previous.ID != ""; end = page.From {
		q.After, q.Before = authserver.Place{}, again(page.Previous)
		page = turn(q)
		var back []string
		for _, row := range page.Rows {
			back = append(back, name(row))
		}
		if !slices.Equal(back, names[page.From:end]) || page.Next.ID == "" {
			t.Fatalf("back at %d: %v of %v, next %+v", page.From, back, names, page.Next)
		}
	}
	if page.From != 0 {
		t.Errorf("the first page begins after %d rows", page.From)
	}
	return names
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
	if err := s.NoteSignin(t.Context(), p.id, start.Add(-6*24*time.Hour), "Browser"); err != nil {
		t.Fatal(err)
	}
	people := func(q authserver.Search) (authserver.Found[authserver.UserEntry], error) {
		return s.SearchUsers(t.Context(), q, start)
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
		{authserver.Search{State: authserver.UserActive, Factor: authserver.FactorOff}, []string{mine}},
		{authserver.Search{Factor: authserver.FactorOff, Order: authserver.OrderSignin}, []string{mine, theirs}},
		{authserver.Search{Factor: authserver.FactorOn}, nil},
		{authserver.Search{Signin: "7"}, []string{mine}},
		{authserver.Search{Signin: "90", Order: authserver.OrderName}, []string{mine}},
		{authserver.Search{Signin: authserver.SigninNot90}, []string{theirs}},
		{authserver.Search{Signin: authserver.SigninNever}, []string{theirs}},
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

// A page of a list is found by an index, and begins where the one before ended, whatever
// came and went meanwhile.
func TestListsOfManyPeople(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		family := addPerson(t, db).family
		add := func(n int) {
			for i := range n {
				id := uuid.NewString()
				exec(t, db, `INSERT INTO users (id, family_id, role, email, created_at, signed_in_at) VALUES ($1, $2, 'member', $3, $4, $4)`,
					id, family, id+"@example.com", start.Add(time.Duration(i)*time.Minute))
			}
		}
		add(40)
		q := authserver.Search{Order: authserver.OrderSignin, Limit: 10}
		read := func(q authserver.Search) authserver.Found[authserver.UserEntry] {
			found, err := s.SearchUsers(t.Context(), q, start)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		first := read(q)
		q.After = first.Next
		second := read(q)
		exec(t, db, `UPDATE users SET signed_in_at = $1 WHERE id = $2`, start.Add(time.Hour), second.Rows[4].ID) // up to the first page
		exec(t, db, `DELETE FROM users WHERE id = $1`, first.Rows[9].ID)                                         // the one that the page begins after
		if again := read(q); again.From != 10 || again.Rows[0].ID != second.Rows[0].ID || again.Total != 40 {
			t.Errorf("%+v", again)
		}
		q.After, q.Before = authserver.Place{}, second.Previous
		if back := read(q); back.From != 0 || back.Rows[0].ID != second.Rows[4].ID || back.Previous.ID != "" || len(back.Rows) != 10 {
			t.Errorf("%+v", back)
		}
		for _, odd := range []authserver.Place{{By: first.Next.By, ID: "x"}, {By: first.Next.By, ID: "' OR 1=1"}} {
			q.Before = odd
			if _, err := s.SearchUsers(t.Context(), q, start); !fault.Is(err, fault.Malformed) {
				t.Errorf("%+v: %v", odd, err)
			}
		}
	})
}

func TestPlacesOfLists(t *testing.T) {
	for _, text := range []string{"x", "%%%", "YQ", "YQo", "AAo"} {
		if _, err := authserver.ParsePlace(authserver.OrderNewest, text); err == nil {
			t.Errorf("%q is a place", text)
		}
	}
}
