package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

const (
	fewGrants   = 10_000
	manyGrants  = 5_000_000
	manyUsers   = 50_000
	knownTokens = 20_000 // of those many, for introspection
	fillSlices  = 10     // in which rows are added, so that what is asked for lies everywhere
)

// benchLarge measures introspection among many grants beside the same among few:
// two stacks that take turns.
func benchLarge(ctx context.Context, o options) error {
	var rows []row
	for _, size := range []struct{ grants, users, known int }{
		{fewGrants, fewGrants / 100, fewGrants / 2}, {manyGrants, manyUsers, knownTokens},
	} {
		l, err := newLab(ctx, o)
		if err != nil {
			return err
		}
		defer l.close()
		began := time.Now()
		tokens, err := l.fillGrants(ctx, size.grants, size.users, size.known)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d grants of %d users took %s\n", size.grants, size.users, time.Since(began).Round(time.Second))
		r := l.introspection(tokens)
		r.work.answer = active
		rows = append(rows, r)
	}
	medians := make([][]sample, len(rows))
	for range o.rounds + 1 { // the first warms up
		for i, r := range rows {
			s, err := run(ctx, r.work, o.connections, o.round)
			if err != nil {
				return err
			}
			medians[i] = append(medians[i], s)
		}
	}
	p50 := func(i int) float64 {
		return median(medians[i][1:], func(s sample) float64 { return float64(s.quantile(0.5)) })
	}
	fmt.Println("| introspection p50 among 10,000 grants | among 5,000,000 of 50,000 users | ratio | at most |\n|---|---|---|---|")
	fmt.Printf("| %s | %s | %.2f | 1.30 |\n", short(p50(0)), short(p50(1)), p50(1)/p50(0))
	return nil
}

// active wants an introspection to have found a live token.
func active(_ int, body []byte) error {
	if !bytes.Contains(body, []byte(`"active":true`)) {
		return fmt.Errorf("not active: %s", body)
	}
	return nil
}

// fillGrants copies a grant until there are so many, of so many users, and
// returns access tokens of some of them, which lie everywhere among the others.
func (l *lab) fillGrants(ctx context.Context, grants, users, known int) ([]string, error) {
	conn, err := pgx.Connect(ctx, l.stack.AuthDB)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // what it wrote is committed
	if _, err := l.tokens(ctx); err != nil {
		return nil, err
	}
	id, err := newestGrant(ctx, conn)
	if err != nil {
		return nil, err
	}
	this := "id = '" + id + "'"
	if _, err := testenv.CopyRows(ctx, conn, "users", "id = (SELECT user_id FROM grants WHERE "+this+")", users, "0", nil); err != nil {
		return nil, err
	}
	tokens, err := makeKnown(ctx, conn, known)
	if err != nil {
		return nil, err
	}
	owner := fmt.Sprintf("(ARRAY(SELECT id FROM users))[1 + floor(random() * %d)::int]", users)
	for slice := range fillSlices {
		one := fmt.Sprintf("(SELECT %%s FROM known WHERE number = i + %d)", slice*known/fillSlices)
		set := map[string]string{"user_id": owner, "handle": fmt.Sprintf(one, "handle"), "access_digest": fmt.Sprintf(one, "digest")}
		if _, err := testenv.CopyRows(ctx, conn, "grants", this, known/fillSlices, "0", set); err != nil {
			return nil, err
		}
		rest := map[string]string{"user_id": owner}
		if _, err := testenv.CopyRows(ctx, conn, "grants", this, (grants-known)/fillSlices, "0", rest); err != nil {
			return nil, err
		}
	}
	_, err = conn.Exec(ctx, "VACUUM ANALYZE") // as autovacuum would
	return tokens, err
}

// makeKnown makes access tokens and a temporary table of what grants keep of them.
func makeKnown(ctx context.Context, conn *pgx.Conn, n int) ([]string, error) {
	if _, err := conn.Exec(ctx, "CREATE TEMPORARY TABLE known (number int PRIMARY KEY, handle bytea, digest bytea)"); err != nil {
		return nil, err
	}
	tokens, rows := make([]string, n), make([][]any, n)
	for i := range tokens {
		handle := secret.NewHandle()
		token, digest := handle.New(secret.AccessToken), handle.Digest()
		whole := token.Digest()
		tokens[i], rows[i] = token.Reveal(), []any{i + 1, digest[:], whole[:]}
	}
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"known"}, []string{"number", "handle", "digest"}, pgx.CopyFromRows(rows))
	return tokens, err
}
