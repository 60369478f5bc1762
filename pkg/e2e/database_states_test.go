package e2e

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// asker sends requests while the database cannot do its part.
type asker struct {
	w      *world
	app    *actor.App
	person *actor.Person
	pair   Pair
}

// asks are of all kinds. Those in capitals write, whatever they find.
func (a *asker) asks() map[string]func() *actor.Answer {
	w := a.w
	return map[string]func() *actor.Answer{
		"REFRESH": func() *actor.Answer { return w.refresh(a.app, a.pair.Refresh) },
		"introspect": func() *actor.Answer {
			return w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {a.pair.Access}})
		},
		"revoke": func() *actor.Answer {
			return w.form(a.app, "/oauth/revoke", url.Values{"token": {a.pair.Refresh + "x"}})
		},
		"SIGN IN": func() *actor.Answer { return a.filled("/signup", actor.NewPerson(w.Auth.URL)) },
		"sign in": func() *actor.Answer { return a.filled("/signin", a.person.ElsewhereAs(w.Auth.URL)) },
		"apps":    func() *actor.Answer { return a.page(a.person, "/apps") },
		"profile": func() *actor.Answer { return w.call(http.MethodGet, "/api/v1/accounts?page=1", a.pair.Access, nil) },
		"ACCOUNT": func() *actor.Answer {
			return w.call(http.MethodPost, accounts, a.pair.Access, map[string]any{"account": map[string]any{
				"name": uuid.NewString(), "balance": "1",
			}})
		},
		"transactions": func() *actor.Answer { return w.call(http.MethodGet, "/api/v1/transactions", a.pair.Access, nil) },
		"sign up API": func() *actor.Answer {
			return w.send(http.MethodPost, w.Auth.URL+"/api/v1/auth/login", http.Header{"Content-Type": {"application/json"}},
				`{"email":"nobody@example.com","password":"x","device":{"device_id":"d","device_name":"n","device_type":"ios","os_version":"1","app_version":"1"}}`)
		},
	}
}

func (a *asker) page(p *actor.Person, path string) *actor.Answer {
	page, err := p.Browser.Get(a.w.t.Context(), path)
	return paged(page, err)
}

// filled sends the form at path, if it is shown.
func (a *asker) filled(path string, p *actor.Person) *actor.Answer {
	if answer := a.page(p, path); answer.Status != http.StatusOK {
		return answer
	}
	send := p.SignIn
	if path == "/signup" {
		send = p.SignUp
	}
	return paged(send(a.w.t.Context()))
}

func paged(page *actor.Page, err error) *actor.Answer {
	if page == nil {
		return &actor.Answer{Body: []byte(err.Error())}
	}
	return &actor.Answer{Status: page.Status, Header: page.Header, Body: []byte(page.Body)}
}

// state brings a database into a state in which it cannot do its part, and returns
// how it gets out of it.
type state func() (end func())

// stays sends every request while the state lasts: none is answered with 500, all
// that write are answered with 503 and Retry-After, and afterwards all work again.
func (a *asker) stays(t *testing.T, s state, all bool) {
	end := s()
	refused := 0
	if t.Name() == "TestD4_PostgreSQLInEachOfItsStates/read-only" {
		for _, p := range []*process.Process{a.w.Auth, a.w.API()} {
			var ready *actor.Answer
			testenv.Eventually(t, 30*time.Second, p.Name+" has seen that the database is read-only", func() bool { // PostgreSQL reads its settings anew by and by
				ready = a.w.send(http.MethodGet, p.Ops+"/readyz", nil, "")
				return ready.Text("status") != "ok"
			})
			if ready.Status != http.StatusOK || ready.Text("status") != "degraded" || !strings.Contains(string(ready.Body), `"database writes":"unavailable"`) {
				t.Errorf("%s, /readyz: %s", p.Name, ready)
			}
		}
	}
	for range 3 {
		for _, what := range slices.Sorted(maps.Keys(a.asks())) {
			answer := a.asks()[what]()
			switch {
			case answer.Status == http.StatusServiceUnavailable:
				refused++
				wantUnavailable(t, answer, what)
			case answer.Status >= 500, answer.Status == 0, all && what == strings.ToUpper(what):
				t.Errorf("%s: %s", what, answer)
			}
		}
	}
	end()
	if refused == 0 {
		t.Error("nothing was refused")
	}
	for what, send := range a.asks() {
		var last *actor.Answer
		testenv.Eventually(t, 30*time.Second, what+" works again", func() bool {
			last = send()
			return last.Status > 0 && last.Status < 500
		})
	}
	pair, err := pairOf(a.w.refresh(a.app, a.pair.Refresh))
	if err != nil {
		t.Fatalf("the grant has ended: %v", err)
	}
	a.pair = pair
	if answer := a.w.call(http.MethodGet, accounts, a.pair.Access, nil); answer.Status != http.StatusOK {
		t.Errorf("the new pair: %s", answer)
	}
}

func newAsk(w *world) *asker {
	a := &asker{w: w, app: w.public(), person: w.person()}
	a.pair = w.tokensOf(a.person, a.app, "read_write")
	return a
}

// TestD4_PostgreSQLInEachOfItsStates puts a real server into each state in which it
// refuses statements.
func TestD4_PostgreSQLInEachOfItsStates(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	small := testenv.NewDisk(t, "40m")
	server := testenv.StartPostgres(t, "max_connections=30")
	admin := serverAdmin(t, server)
	admin.exec("CREATE TABLESPACE small LOCATION '" + small.Dir + "'")
	setup := stack.Setup{AuthEnv: process.Env{"AUTH_REDIS_URL": ""}, APIEnv: process.Env{"API_REDIS_URL": ""}}
	for _, name := range []*string{&setup.AuthDB, &setup.APIDB} {
		database := "d" + strings.ReplaceAll(uuid.NewString(), "-", "")
		admin.exec("CREATE DATABASE " + database + " TABLESPACE small")
		*name = strings.Replace(server, "/postgres?", "/"+database+"?", 1)
	}
	a := newAsk(startWorld(t, testenv.Production, setup))
	for name, s := range map[string]state{
		"read-only": func() func() {
			admin.exec("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
			return func() {
				admin.exec("SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
			}
		},
		"statement timeout": func() func() {
			admin.exec("ALTER SYSTEM SET statement_timeout = '100ms'", "SELECT pg_reload_conf()")
			unlock := admin.lock(setup.AuthDB, "users", "grants")
			unlockToo := admin.lock(setup.APIDB, "accounts", "transactions")
			return func() {
				unlock()
				unlockToo()
				admin.exec("ALTER SYSTEM RESET statement_timeout", "SELECT pg_reload_conf()")
			}
		},
		"too many connections": func() func() { return admin.crowd(server) },
	} {
		t.Run(name, func(t *testing.T) { a.stays(t, s, true) })
	}
	t.Run("connections lost", func(t *testing.T) {
		a.stays(t, func() func() {
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); admin.terminate(ctx) }()
			return func() { stop(); <-done }
		}, false)
	})
	t.Run("disk full", func(t *testing.T) {
		a.stays(t, func() func() {
			free := small.Fill()
			testenv.Eventually(t, time.Minute, "the tables are full too", func() bool {
				return a.asks()["SIGN IN"]().Status == http.StatusServiceUnavailable
			})
			return free
		}, false)
	})
}

// TestD4_SQLiteOnAFullDisk.
func TestD4_SQLiteOnAFullDisk(t *testing.T) {
	t.Parallel()
	small := testenv.NewDisk(t, "16m")
	a := newAsk(startWorld(t, testenv.Embedded, stack.Setup{Dir: small.Dir}))
	a.stays(t, small.Fill, false)
}

// admin is a superuser beside the services.
type admin struct {
	t    *testing.T
	conn *pgx.Conn
}

func serverAdmin(t *testing.T, server string) *admin {
	t.Helper()
	a := &admin{t, connect(t, server)}
	a.exec("SET statement_timeout = 0") // whatever the server's is to be
	return a
}

func connect(t *testing.T, server string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func (a *admin) exec(statements ...string) {
	a.t.Helper()
	for _, text := range statements {
		if _, err := a.conn.Exec(a.t.Context(), text); err != nil {
			a.t.Fatalf("%s: %v", text, err)
		}
	}
}

// lock keeps everybody from tables.
func (a *admin) lock(database string, tables ...string) (unlock func()) {
	a.t.Helper()
	other := &admin{a.t, connect(a.t, database)}
	other.exec("SET statement_timeout = 0", "BEGIN", "LOCK TABLE "+strings.Join(tables, ", "))
	return func() { _ = other.conn.Close(a.t.Context()) }
}

const othersGo = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"

// crowd takes every connection there is from the services. What they took back
// while it did so is ended and taken too.
func (a *admin) crowd(server string) (leave func()) {
	a.t.Helper()
	const ours = " AND application_name <> 'crowd'"
	var taken []*pgx.Conn
	testenv.Eventually(a.t, 30*time.Second, "every connection is taken", func() bool {
		a.exec(othersGo + ours)
		for {
			conn, err := pgx.Connect(a.t.Context(), server+"&application_name=crowd")
			if err != nil {
				break
			}
			taken = append(taken, conn)
		}
		var left int
		row := a.conn.QueryRow(a.t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"+ours)
		if err := row.Scan(&left); err != nil {
			a.t.Fatal(err)
		}
		return left == 0
	})
	return func() {
		for _, conn := range taken {
			_ = conn.Close(a.t.Context())
		}
	}
}

// terminate ends the connections of all others, again and again.
func (a *admin) terminate(ctx context.Context) {
	for ctx.Err() == nil {
		_, _ = a.conn.Exec(context.WithoutCancel(ctx), othersGo)
	}
}
