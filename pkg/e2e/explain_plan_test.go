package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
)

// TestAnExplanationReadsNoOthersEvents: the statement that looks for the events of a
// request goes by an index, so that it takes no longer after years.
func TestAnExplanationReadsNoOthersEvents(t *testing.T) {
	testenv.Production.Need(t)
	db := testenv.Postgres(t)
	counter, through := testenv.CountStatements(t, db)
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: through})
	w.person()
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
	var request string
	if err := conn.QueryRow(t.Context(), `SELECT request_id FROM events WHERE request_id <> '' LIMIT 1`).Scan(&request); err != nil {
		t.Fatal(err)
	}
	counter.Take()
	if said, _ := w.explain("", request); len(said["lines"].([]any)) == 0 {
		t.Errorf("the events of a request: %v", said)
	}
	statements := counter.Take()
	for _, text := range []string{
		`SET plan_cache_mode = force_generic_plan`,
		`ALTER TABLE events SET (autovacuum_enabled = false)`,
		`INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details, address, user_agent, request_id, mark)
			SELECT gen_random_uuid(), now(), 'signin', 'success', '', '', '', '', '', '{}', '', '', CASE WHEN n % 3 = 0 THEN '' ELSE n::text END, ''
			FROM generate_series(1, 20000) n`,
	} {
		if _, err := conn.Exec(t.Context(), text); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	asked := 0
	for _, text := range statements {
		if !strings.Contains(text, "request_id = $1") {
			continue
		}
		asked++
		if how := plan(t, conn, text); !strings.Contains(how, "events_request") || strings.Contains(how, "Seq Scan") {
			t.Errorf("%s\n%s", text, how)
		}
	}
	if asked == 0 {
		t.Errorf("no statement asks for the request: %q", statements)
	}
}
