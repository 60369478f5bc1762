package store_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// BenchmarkPages compares filtered pages of a family with a thousand
// transactions and of one with a million, among 10,000 other families, and
// reports the 99th percentile. The ratio is promised to stay below 3.
func BenchmarkPages(b *testing.B) {
	s, small, large := fill(b, 1_000, 1_000_000, 10_000)
	day := func(text string) *resourceapi.Date {
		d, err := resourceapi.ParseDate(text)
		if err != nil {
			b.Fatal(err)
		}
		return &d
	}
	thousand := int64(20_000)
	for _, c := range []struct {
		name  string
		query func(account string) store.TransactionFilter
	}{
		{"all", func(string) store.TransactionFilter { return store.TransactionFilter{} }},
		{"account", func(a string) store.TransactionFilter { return store.TransactionFilter{Accounts: []string{a}} }},
		{"dates", func(string) store.TransactionFilter {
			return store.TransactionFilter{Start: day("2024-03-01"), End: day("2024-03-31")}
		}},
		{"account-dates-type", func(a string) store.TransactionFilter {
			return store.TransactionFilter{Accounts: []string{a}, Start: day("2024-03-01"), End: day("2024-03-31"), Type: "expense"}
		}},
		{"amount", func(string) store.TransactionFilter { return store.TransactionFilter{Min: &thousand} }},
		{"income", func(string) store.TransactionFilter { return store.TransactionFilter{Type: "income"} }},
	} {
		for _, f := range []household{small, large} {
			query := c.query(f.account)
			b.Run(fmt.Sprintf("%s/%d", c.name, f.size), func(b *testing.B) {
				percentile(b, func(ctx context.Context) error {
					_, _, err := s.Family(f.id).Transactions(ctx, query, store.Page{Number: 1, Size: 25})
					return err
				})
			})
			b.Run(fmt.Sprintf("%s-cursor/%d", c.name, f.size), func(b *testing.B) {
				percentile(b, func(ctx context.Context) error {
					_, _, err := s.Family(f.id).TransactionsAfter(ctx, query, nil, 25)
					return err
				})
			})
		}
	}
}

func percentile(b *testing.B, fn func(ctx context.Context) error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		began := time.Now() //nolint:forbidigo // a benchmark measures
		if err := fn(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began)) //nolint:forbidigo // as above
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}

type household struct {
	id, account string
	size        int
}

// fill makes a family of each size and others of ten transactions, by the
// database's own means.
func fill(b *testing.B, small, large, others int) (*store.Store, household, household) {
	b.Helper()
	address := testenv.Postgres(b)
	owner, err := database.Open(b.Context(), address, database.Options{MaxConnections: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = owner.Close() })
	exec := func(text string, args ...any) {
		if _, err := owner.Exec(b.Context(), text, args...); err != nil {
			b.Fatal(err)
		}
	}
	if err := owner.Migrate(b.Context(), store.Migrations()); err != nil {
		b.Fatal(err)
	}
	exec(`DO $$ BEGIN
		PERFORM pg_advisory_lock(4711);
		IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'latchkey_api_test') THEN
			CREATE ROLE latchkey_api_test LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'latchkey_api_test';
		END IF;
		PERFORM pg_advisory_unlock(4711);
	END $$`)
	if err := store.Grant(b.Context(), owner, "latchkey_api_test"); err != nil {
		b.Fatal(err)
	}
	make := func(size int) household {
		h := household{uuid.NewString(), uuid.NewString(), size}
		exec(`INSERT INTO families VALUES ($1, 'USD', now())`, h.id)
		exec(`INSERT INTO accounts SELECT $1::uuid, $2::uuid, 'Cash', 'depository', NULL, 'active', 'USD', NULL, NULL, now(), now()`, h.id, h.account)
		exec(`INSERT INTO transactions (family_id, id, account_id, date, amount, thousandths, currency, name, created_at, updated_at)
			SELECT $1, gen_random_uuid(), $2, date '2026-01-01' - (i % 3000), (i % 10000) - 3000, ((i % 10000) - 3000) * 10, 'USD', 'Item ' || i, now(), now()
			FROM generate_series(1, $3::int) i`, h.id, h.account, size)
		exec(`INSERT INTO transaction_days SELECT family_id, account_id, date, count(*), count(*) FILTER (WHERE amount < 0)
			FROM transactions WHERE family_id = $1 GROUP BY 1, 2, 3`, h.id)
		return h
	}
	first, second := make(small), make(large)
	exec(`INSERT INTO families SELECT gen_random_uuid(), 'USD', now() FROM generate_series(1, $1::int)`, others)
	exec(`INSERT INTO accounts SELECT id, id, 'Cash', 'depository', NULL, 'active', 'USD', NULL, NULL, now(), now() FROM families WHERE id <> $1 AND id <> $2`,
		first.id, second.id)
	exec(`INSERT INTO transactions (family_id, id, account_id, date, amount, thousandths, currency, name, created_at, updated_at)
		SELECT a.family_id, gen_random_uuid(), a.id, date '2026-01-01' - i, i, i * 10, 'USD', 'x', now(), now()
		FROM accounts a, generate_series(1, 10) i WHERE a.family_id <> $1 AND a.family_id <> $2`, first.id, second.id)
	exec(`VACUUM ANALYZE`)
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	u.User = url.UserPassword("latchkey_api_test", "latchkey_api_test")
	db, err := database.Open(b.Context(), u.String(), database.Options{MaxConnections: 4})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return store.New(db, store.Options{Currency: "USD", Now: time.Now}), first, second
}
