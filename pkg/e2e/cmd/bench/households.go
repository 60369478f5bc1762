package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// The sizes the lists are promised to be flat over.
const (
	smallFamily   = 1_000
	largeFamily   = 1_000_000
	otherFamilies = 10_000
)

// household is a family with a credential of its own.
type household struct {
	token                                    string
	family                                   string
	accounts, categories, merchants, tagList []string
}

// apiDatabase makes resourceapi's database and the role it connects as, which
// owns nothing and is bound by row security, as in production.
func (l *lab) apiDatabase(ctx context.Context) (role, owner string, err error) {
	server, err := testenv.PostgresURL()
	if err != nil {
		return "", "", err
	}
	owner, drop, err := testenv.CreatePostgres(ctx, server)
	if err != nil {
		return "", "", err
	}
	name := "latchkey_bench_" + strings.ToLower(rand.Text()[:12])
	l.undo = append(l.undo, func() error { //nolint:contextcheck // runs at the end, also after an interrupt
		return errors.Join(drop(), statements(context.Background(), server, "DROP ROLE IF EXISTS "+name))
	})
	if err := statements(ctx, server, "CREATE ROLE "+name+" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '"+name+"'"); err != nil {
		return "", "", err
	}
	u, err := url.Parse(owner)
	if err != nil {
		return "", "", err
	}
	u.User = url.UserPassword(name, name)
	return u.String(), owner, nil
}

func statements(ctx context.Context, address string, texts ...string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err = conn.Exec(ctx, text); err != nil {
			err = fmt.Errorf("%.60s: %w", text, err)
			break
		}
	}
	return errors.Join(err, conn.Close(ctx))
}

// households fills a small family and a large one beside many others. Each of
// the two has somebody who signed up and allowed an application.
func (l *lab) households(ctx context.Context) (small, large household, err error) {
	conn, err := pgx.Connect(ctx, l.owner)
	if err != nil {
		return small, large, err
	}
	defer conn.Close(ctx) //nolint:errcheck // what it wrote is committed
	if small, err = l.newHousehold(ctx, conn); err != nil {
		return small, large, err
	}
	if large, err = l.newHousehold(ctx, conn); err != nil {
		return small, large, err
	}
	if _, err := conn.Exec(ctx, fillOthers, otherFamilies); err != nil {
		return small, large, err
	}
	err = errors.Join(small.fill(ctx, conn, smallFamily), large.fill(ctx, conn, largeFamily))
	for _, text := range []string{fillMonths, "VACUUM ANALYZE"} { // the second is autovacuum's work, done at once
		if err == nil {
			_, err = conn.Exec(ctx, text)
		}
	}
	return small, large, err
}

// newHousehold signs somebody up; the first call makes the family.
func (l *lab) newHousehold(ctx context.Context, conn *pgx.Conn) (household, error) {
	var h household
	p := actor.NewPerson(l.stack.Auth.URL)
	if _, err := p.SignUp(ctx); err != nil {
		return h, err
	}
	pair, err := e2e.Authorize(ctx, l.app, p, "read_write")
	if err != nil {
		return h, err
	}
	h.token = pair.Access
	answer, err := l.app.Call(ctx, http.MethodGet, l.stack.API().URL+"/api/v1/accounts", h.token, nil)
	if err != nil || answer.Status != http.StatusOK {
		return h, errors.Join(err, fmt.Errorf("accounts: %v", answer))
	}
	err = conn.QueryRow(ctx, "SELECT id FROM families ORDER BY created_at DESC LIMIT 1").Scan(&h.family)
	return h, err
}

const fillOthers = `
	WITH f AS (INSERT INTO families SELECT gen_random_uuid(), 'USD', 'UTC', now() FROM generate_series(1, $1::int) RETURNING id),
	a AS (
		INSERT INTO accounts (family_id, id, name, account_type, status, currency, created_at, updated_at)
		SELECT id, id, 'Cash', 'depository', 'active', 'USD', now(), now() FROM f RETURNING family_id, id
	),
	t AS (
		INSERT INTO transactions (family_id, id, account_id, date, amount, thousandths, currency, name, created_at, updated_at)
		SELECT a.family_id, gen_random_uuid(), a.id, current_date - i, i, i * 10, 'USD', 'x', now(), now() FROM a, generate_series(1, 10) i
		RETURNING family_id, account_id, date
	)
	INSERT INTO transaction_days SELECT family_id, account_id, date, 1, 0 FROM t`

const fillMonths = `
	INSERT INTO transaction_months SELECT family_id, account_id, date_trunc('month', date)::date, sum(total), sum(income)
	FROM transaction_days GROUP BY 1, 2, 3`

// fill gives the family four accounts, twenty categories, forty merchants, ten
// tags and size transactions over 3,000 days: the same mixture at any size.
func (h *household) fill(ctx context.Context, conn *pgx.Conn, size int) error {
	for _, text := range []string{
		`INSERT INTO accounts (family_id, id, name, account_type, status, currency, created_at, updated_at)
			SELECT $1, gen_random_uuid(), 'Account ' || i, 'depository', 'active', 'USD', now(), now() FROM generate_series(1, 3) i`,
		`INSERT INTO categories SELECT $1, gen_random_uuid(), 'Category ' || i, '#6172F3', 'shapes', NULL, now(), now() FROM generate_series(1, 20) i`,
		`INSERT INTO merchants SELECT $1, gen_random_uuid(), 'Shop ' || i, '#6172F3', NULL, now(), now() FROM generate_series(1, 40) i`,
		`INSERT INTO tags SELECT $1, gen_random_uuid(), 'Tag ' || i, '#6172F3', now(), now() FROM generate_series(1, 10) i`,
	} {
		if _, err := conn.Exec(ctx, text, h.family); err != nil {
			return err
		}
	}
	for table, list := range map[string]*[]string{
		"accounts": &h.accounts, "categories": &h.categories, "merchants": &h.merchants, "tags": &h.tagList,
	} {
		err := conn.QueryRow(ctx, "SELECT array_agg(id::text ORDER BY name) FROM "+table+" WHERE family_id = $1", h.family).Scan(list)
		if err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, fillTransactions, h.family, size, h.accounts, h.categories, h.merchants); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, fillTags, h.family, h.tagList); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `INSERT INTO transaction_days SELECT family_id, account_id, date, count(*), count(*) FILTER (WHERE amount < 0)
		FROM transactions WHERE family_id = $1 GROUP BY 1, 2, 3`, h.family)
	return err
}

// One in ten is income; one in ten thousand has a word and an amount that no
// other has. The steps are prime to the sizes, so that nothing goes together.
const fillTransactions = `
	INSERT INTO transactions (family_id, id, account_id, date, amount, thousandths, currency, name, notes, category_id, merchant_id,
		external_id, source, created_at, updated_at)
	SELECT $1::uuid, gen_random_uuid(), ($3::uuid[])[i * 7 / 11 % 4 + 1], current_date - d, a, a * 10, 'USD',
		(ARRAY['Coffee', 'Groceries', 'Rent', 'Fuel', 'Books', 'Cinema', 'Bakery', 'Pharmacy', 'Train', 'Insurance'])[i * 31 % 10 + 1]
			|| CASE WHEN i % 10007 = 77 THEN ' heirloom' ELSE ' no. ' || i END,
		CASE WHEN i % 7 = 0 THEN 'Paid with the card ending in ' || i % 1000 END,
		CASE WHEN i % 11 <> 0 THEN ($4::uuid[])[i * 13 % 20 + 1] END, CASE WHEN i % 3 <> 0 THEN ($5::uuid[])[i * 17 % 40 + 1] END,
		'bank-' || i, 'import', now() - d * interval '1 day' - (i % 86400) * interval '1 second', now()
	FROM generate_series(1, $2::bigint) i,
		LATERAL (SELECT (i * 7919 % 3000)::int AS d, CASE WHEN i % 10007 = 77 THEN 5000000 ELSE (i * 104729 % 10000) - 1000 END AS a) x
	ORDER BY d DESC` // as they come in over the years

const fillTags = `
	INSERT INTO transaction_tags (family_id, transaction_id, tag_id, account_id, date, created_at)
	SELECT family_id, id, ($2::uuid[])[n / 5 % 10 + 1], account_id, date, created_at
	FROM (SELECT *, substr(external_id, 6)::bigint AS n FROM transactions WHERE family_id = $1) t WHERE n % 5 = 0`
