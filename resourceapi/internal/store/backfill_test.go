package store_test

import (
	"io/fs"
	"net/url"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// firstSchema is what the very first release migrated to.
func firstSchema(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, engine := range []string{"postgres", "sqlite"} {
		name := engine + "/0001_initial.sql"
		raw, err := fs.ReadFile(store.Migrations(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: raw}
	}
	return files
}

// ordinaryOwner returns an empty database whose tables will belong to a role
// that forced row security binds.
func ordinaryOwner(t *testing.T, set testenv.Set) string {
	t.Helper()
	if set == testenv.Embedded {
		return "sqlite:" + filepath.Join(t.TempDir(), "api.db")
	}
	address := testenv.Postgres(t)
	db, err := database.Open(t.Context(), address, database.Options{MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const role = "latchkey_api_test"
	for _, text := range []string{
		`DO $$ BEGIN
			PERFORM pg_advisory_xact_lock(4711);
			IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '` + role + `') THEN
				CREATE ROLE ` + role + ` LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '` + role + `';
			END IF;
		END $$`,
		`GRANT ALL ON SCHEMA public TO ` + role,
	} {
		if _, err := db.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, role)
	return u.String()
}

// TestWhatWasThereIsListedAfterTheMigration brings a database of the first
// release, with rows of two families in it, up to date, and reads the lists that
// depend on what a migration filled in.
func TestWhatWasThereIsListedAfterTheMigration(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, err := database.Open(t.Context(), ordinaryOwner(t, set), database.Options{MaxConnections: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context(), firstSchema(t), 1); err != nil {
			t.Fatal(err)
		}
		families := [2]string{uuid.NewString(), uuid.NewString()}
		tags := [2]string{uuid.NewString(), uuid.NewString()}
		for i, family := range families {
			fillFirst(t, db, family, tags[i], i+1)
		}
		if err := store.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		s := store.New(db, store.Options{Currency: "USD", Now: time.Now})
		for i, family := range families {
			want := i + 1 // in each of two months
			_, all, err := s.Family(family).Transactions(t.Context(), store.TransactionFilter{}, store.Page{Number: 1, Size: 10})
			if err != nil || all.Total != 2*want {
				t.Errorf("%d transactions, %v, want %d", all.Total, err, 2*want)
			}
			_, income, err := s.Family(family).Transactions(t.Context(), store.TransactionFilter{Type: "income"}, store.Page{Number: 1, Size: 10})
			if err != nil || income.Total != want {
				t.Errorf("%d incomes, %v, want %d", income.Total, err, want)
			}
			list, _, err := s.Family(family).TransactionsAfter(t.Context(), store.TransactionFilter{Tags: []string{tags[i]}}, nil, 10)
			var dates []string
			for _, tx := range list {
				dates = append(dates, tx.Date.String())
			}
			wanted := []string{"2026-02-03", "2026-01-03"}
			if diff := cmp.Diff(wanted, dates); err != nil || diff != "" {
				t.Errorf("of the tag: %v %s", err, diff)
			}
			list, _, err = s.Family(family).Transactions(t.Context(), store.TransactionFilter{Search: "SÜD"}, store.Page{Number: 1, Size: 10})
			if err != nil || len(list) != 2*want {
				t.Errorf("found %d, %v, want %d", len(list), err, 2*want)
			}
		}
	})
}

// fillFirst writes n transactions in each of two months, in January income. The
// first of each month is tagged.
func fillFirst(t *testing.T, db *database.DB, family, tag string, n int) {
	t.Helper()
	ctx, now, account := database.WithSetting(t.Context(), store.FamilySetting, family), time.Now().UTC(), uuid.NewString()
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Exec(ctx, text, append([]any{family}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO families (id, currency, created_at) VALUES ($1, 'USD', $2)`, now)
	exec(`INSERT INTO accounts (family_id, id, name, account_type, status, currency, created_at, updated_at)
		VALUES ($1, $2, 'Cash', 'depository', 'active', 'USD', $3, $3)`, account, now)
	exec(`INSERT INTO tags (family_id, id, name, color, created_at, updated_at) VALUES ($1, $2, 'Tag', '#000000', $3, $3)`, tag, now)
	for month, amount := range map[string]int{"2026-01-0": -100, "2026-02-0": 100} {
		for i := range n {
			date, err := resourceapi.ParseDate(month + string(rune('3'+i)))
			if err != nil {
				t.Fatal(err)
			}
			id := uuid.NewString()
			exec(`INSERT INTO transactions (family_id, id, account_id, date, amount, thousandths, currency, name, notes, created_at, updated_at)
				VALUES ($1, $2, $3, $4, $5, $6, 'USD', 'Bäcker Süd', 'note', $7, $7)`, id, account, date, amount, amount*10, now)
			income := 0
			if amount < 0 {
				income = 1
			}
			exec(`INSERT INTO transaction_days (family_id, account_id, date, total, income) VALUES ($1, $2, $3, 1, $4)`, account, date, income)
			if i == 0 {
				exec(`INSERT INTO transaction_tags (family_id, transaction_id, tag_id) VALUES ($1, $2, $3)`, id, tag)
			}
		}
	}
}
