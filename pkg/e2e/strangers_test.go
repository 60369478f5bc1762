package e2e

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// strangers are people who use the same client: each has a consent, a sign-in and
// a live grant, and forty have a code in flight.
const strangers = `
INSERT INTO families (id, name, created_at) SELECT md5('family' || n)::uuid, 'F', now() FROM generate_series($1::int, $2) n;
INSERT INTO users (id, family_id, role, email, created_at)
	SELECT md5('user' || n)::uuid, md5('family' || n)::uuid, 'admin', n || '@strangers.example', now() FROM generate_series($1::int, $2) n;
INSERT INTO consents (user_id, client_id, scopes, created_at, updated_at)
	SELECT md5('user' || n)::uuid, c.id, 'read', now(), now() FROM generate_series($1::int, $2) n, clients c;
INSERT INTO signins (digest, id, user_id, created_at, seen_at, expires_at, confirmed_at)
	SELECT sha256(n::text::bytea), md5('signin' || n)::uuid, md5('user' || n)::uuid, now(), now(), now() + interval '1 day', now()
	FROM generate_series($1::int, $2) n;
INSERT INTO grants (id, user_id, client_id, origin, scopes, created_at, code_digest, code_expires_at, alive_day)
	SELECT md5(c.id || 'code' || n)::uuid, md5('user' || n)::uuid, c.id, 'code', 'read', now(), sha256((c.id || 'code' || n)::bytea),
	now() + interval '1 day', 20000 FROM generate_series($1::int, least($2, 40)) n, clients c;
INSERT INTO grants (id, user_id, client_id, origin, scopes, created_at, code_digest, redeemed_at, handle, refresh_digest,
	access_digest, access_scopes, access_issued_at, access_expires_at, refresh_expires_at, alive_day)
	SELECT md5(c.id || 'live' || n)::uuid, md5('user' || n)::uuid, c.id, 'code', 'read', now(), sha256((c.id || 'live' || n)::bytea), now(),
	decode(md5(c.id || 'access' || n), 'hex'), sha256((c.id || 'refresh' || n)::bytea), sha256((c.id || 'access' || n)::bytea), 'read',
	now(), now() + interval '1 day', now() + interval '1 day', 20000 FROM generate_series($1::int, $2) n, clients c`

// crowded finds in a plan what leads to the rows of many people.
var crowded = regexp.MustCompile(`Index (Only )?Scan (using|on) (grants_pending|grants_client|grants_alive|consents_client|signins_expiry)\b.*`)

// TestNobodyPaysForStrangers: a statement that PostgreSQL could start from what
// many share (a client, codes in flight) would read all of that for each request as
// long as there are no statistics, and PostgreSQL keeps the plan. So statements on
// the main paths leave it no such choice.
func TestNobodyPaysForStrangers(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	db := testenv.Postgres(t)
	counter, through := testenv.CountStatements(t, db)
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: through, AuthEnv: process.Env{"AUTH_SWEEP_INTERVAL": "1h"}})
	app, rs, p := w.public(), w.resourceServer(), w.person()
	w.tokensOf(p, app, "read")
	counter.Take()

	pair := w.tokensOf(p, app, "read_write")
	wantStatus(t, w.form(rs, "/oauth/introspect", url.Values{"token": {pair.Access}}), http.StatusOK)
	pair = w.refreshed(app, pair.Refresh)
	wantStatus(t, w.form(rs, "/oauth/introspect", url.Values{"token": {pair.Access}}), http.StatusOK)
	wantStatus(t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Access}}), http.StatusOK)
	pair = w.tokensOf(p, app, "read")
	wantStatus(t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Refresh}}), http.StatusOK)
	statements := counter.Take()

	config, err := pgx.ParseConfig(db)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // prepares nothing of its own
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	exec := func(text string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), text); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	exec(`SET plan_cache_mode = force_generic_plan`)
	for _, table := range []string{"families", "users", "consents", "signins", "grants", "clients"} {
		exec(`ALTER TABLE ` + table + ` SET (autovacuum_enabled = false)`)
	}
	total := 0
	for _, many := range []int{40, 300, 3000} {
		exec(strings.NewReplacer("$1", strconv.Itoa(total+1), "$2", strconv.Itoa(many)).Replace(strangers))
		total = many
		for _, text := range statements {
			if line := crowded.FindString(plan(t, conn, text)); line != "" {
				t.Errorf("beside %d people: %s\n%s", many, line, text)
			}
		}
	}
}

// plan is how PostgreSQL would carry a statement out that is prepared.
func plan(t *testing.T, conn *pgx.Conn, text string) string {
	t.Helper()
	var arguments string
	if _, err := conn.Exec(t.Context(), `DEALLOCATE ALL`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `PREPARE planned AS `+text); err != nil {
		return "" // BEGIN, COMMIT
	}
	err := conn.QueryRow(t.Context(), `SELECT CASE WHEN n > 0 THEN '(' || array_to_string(array_fill('NULL'::text, ARRAY[n]), ', ') || ')' ELSE '' END
		FROM (SELECT cardinality(parameter_types) n FROM pg_prepared_statements WHERE name = 'planned') p`).Scan(&arguments)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `EXPLAIN EXECUTE planned`+arguments)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
