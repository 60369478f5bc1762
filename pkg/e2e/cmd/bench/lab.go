package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/cache"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/e2e/stack/production"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// lab is everything that runs during the measurements.
type lab struct {
	options
	stack *stack.Stack
	app   *actor.App       // a public client with consent
	pages []*actor.Browser // of people who allowed the app
	turn  int              // whose turn it is to allow it again
	bound *exec.Cmd
	at    string // address of the bare server
	owner string // resourceapi's database, as who owns its tables
	undo  []func() error
}

const (
	email    = "bench@example.com"
	password = "Bench-Password-1!"
	// people share what is made, for a user has few grants of a client.
	people = 32
)

func newLab(ctx context.Context, o options) (*lab, error) {
	l := &lab{options: o}
	if err := l.start(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) start(ctx context.Context) error {
	address, owner, err := l.apiDatabase(ctx)
	if err != nil {
		return err
	}
	l.owner = owner
	setup := stack.Setup{
		APIDB: address,
		AuthEnv: process.Env{
			"AUTH_CODE_LIFETIME": "10m", "AUTH_LOG_LEVEL": "warn", "AUTH_PASSWORD_MEMORY": "8", "AUTH_PASSWORD_PASSES": "1",
			"AUTH_THROTTLE_TOKEN": "off", "AUTH_THROTTLE_SIGNUP": "9999/1h", "AUTH_THROTTLE_SIGNIN_ADDRESS": "9999/1h",
			"AUTH_GRANT_LIMIT": "0", "AUTH_CODE_LIMIT": "0", "AUTH_CODES_PER_MINUTE": "0", "AUTH_REFRESHES_PER_MINUTE": "0",
			"AUTH_SWEEP_INTERVAL": "1h",
		},
		APIEnv: process.Env{
			"API_RATE_LIMIT_OAUTH": "0", "API_LOG_LEVEL": "warn", "API_RATE_LIMIT_ENTERPRISE": "1000000000",
			"API_MIGRATION_DATABASE_URL": owner, "API_PRODUCTION": "true",
		},
	}
	release, err := production.Lease(ctx, &setup)
	if err != nil {
		return err
	}
	l.undo = append(l.undo, release)
	if l.stack, err = stack.Launch(ctx, setup); err != nil {
		return err
	}
	if err := l.startBound(ctx); err != nil {
		return err
	}
	cred, err := l.stack.NewClient(ctx, "--name", "Bench", "--public", "--redirect-uri", "http://127.0.0.1/cb")
	if err != nil {
		return err
	}
	l.app = &actor.App{Issuer: l.stack.Auth.URL, Client: cred, RedirectURI: "http://127.0.0.1/cb"}
	for i := range people {
		address := email
		if i > 0 {
			address = fmt.Sprintf("bench%d@example.com", i)
		}
		page := actor.NewBrowser(l.stack.Auth.URL)
		if err := errors.Join(signUp(ctx, page, address), l.consent(ctx, page)); err != nil {
			return err
		}
		l.pages = append(l.pages, page)
	}
	return nil
}

func (l *lab) startBound(ctx context.Context) error {
	server, err := testenv.PostgresURL()
	if err != nil {
		return err
	}
	db, drop, err := testenv.CreatePostgres(ctx, server)
	if err != nil {
		return err
	}
	l.undo = append(l.undo, drop)
	conn, err := pgx.Connect(ctx, db)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE TABLE bound (id int PRIMARY KEY, value bytea);
		INSERT INTO bound SELECT i, sha256(i::text::bytea) FROM generate_series(1, 10000) i;
		CREATE TABLE bound_rows (id bigserial PRIMARY KEY, value bytea)`)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	redis, err := cache.OpenRedis(l.stack.Redis, cache.Options{Now: time.Now})
	if err != nil {
		return err
	}
	if err := errors.Join(redis.Set(ctx, "bound", boundAnswer, time.Hour), redis.Close()); err != nil {
		return err
	}
	if l.at, err = process.FreeAddr(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l.bound = exec.Command(self, "bound", l.at, db, l.stack.Redis) //nolint:gosec,noctx // ourselves; killed in close
	l.bound.Stderr = os.Stderr
	if err := l.bound.Start(); err != nil {
		return err
	}
	return l.waitFor(ctx, "http://"+l.at+"/select")
}

func (l *lab) waitFor(ctx context.Context, url string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close() // only the status matters
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		<-tick.C
	}
	return fmt.Errorf("%s does not answer", url)
}

func signUp(ctx context.Context, browser *actor.Browser, email string) error {
	page, err := browser.Get(ctx, "/signup")
	if err != nil {
		return err
	}
	form, err := page.Form("email", "password")
	if err != nil {
		return err
	}
	form.Fill(map[string]string{"email": email, "password": password})
	_, err = browser.Submit(ctx, page, form, "", "")
	return err
}

// consent allows the app, which is remembered.
func (l *lab) consent(ctx context.Context, browser *actor.Browser) error {
	page, err := browser.Get(ctx, l.app.AuthorizeURL(actor.NewPKCE(), "read_write", "", nil))
	if err != nil {
		return err
	}
	_, err = allow(ctx, browser, page)
	return err
}

// allow presses "allow" on the consent page and returns where that led.
func allow(ctx context.Context, browser *actor.Browser, page *actor.Page) (*url.URL, error) {
	form, err := page.Form("decision")
	if err != nil {
		return nil, err
	}
	if page, err = browser.Submit(ctx, page, form, "decision", "allow"); err != nil {
		return nil, err
	}
	if page.Left == nil {
		return nil, errors.New("consent did not lead back to the app")
	}
	return page.Left, nil
}

// grant is a code and what redeems it.
type grant struct{ code, verifier string }

// code passes through the authorization endpoint, consent being given. People take
// turns.
func (l *lab) code(ctx context.Context) (grant, error) {
	pkce := actor.NewPKCE()
	l.turn++
	page, err := l.pages[l.turn%len(l.pages)].Get(ctx, l.app.AuthorizeURL(pkce, "read_write", "", nil))
	if err != nil {
		return grant{}, err
	}
	if page.Left == nil || page.Left.Query().Get("code") == "" {
		return grant{}, fmt.Errorf("no code: %d %s", page.Status, page.Text())
	}
	return grant{page.Left.Query().Get("code"), pkce.Verifier}, nil
}

type pair struct{ access, refresh string }

func (l *lab) tokens(ctx context.Context) (pair, error) {
	g, err := l.code(ctx)
	if err != nil {
		return pair{}, err
	}
	answer, err := l.app.Exchange(ctx, g.code, g.verifier)
	if err != nil {
		return pair{}, err
	}
	p := pair{answer.Text("access_token"), answer.Text("refresh_token")}
	if p.access == "" || p.refresh == "" {
		return pair{}, fmt.Errorf("no tokens: %s", answer)
	}
	return p, nil
}

func (l *lab) many(ctx context.Context, n int) ([]pair, error) {
	pairs := make([]pair, n)
	for i := range pairs {
		var err error
		if pairs[i], err = l.tokens(ctx); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func (l *lab) close() {
	if l.bound != nil && l.bound.Process != nil {
		_ = l.bound.Process.Kill() // it serves nobody else
		_ = l.bound.Wait()
	}
	if l.stack != nil {
		if err := l.stack.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	for _, undo := range l.undo {
		if err := undo(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
}

func host(u string) string { return strings.TrimPrefix(u, "http://") }

// post is a form request ready to be written to a connection.
func post(addr, path, authorization string, form url.Values) []byte {
	body := form.Encode()
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		path, addr, authorization, len(body), body)
}

func get(addr, path, headers string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, addr, headers)
}
