package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"latchkey/pkg/testenv/actor"
)

const callback = "http://127.0.0.1:4711/callback"

// Size says how many take part.
type Size struct {
	People int
	Grants int // connections of the application that are there from the start, more than Connections
	// Connections are kept open to the origin; each carries one request at a time.
	Connections int
	Mix         Mix
	// Timeout is how long a client waits for an answer: longer than a service does.
	Timeout time.Duration
}

// Generator makes the load: people, and an application with its connections to the origin.
type Generator struct {
	*Ledger
	Size

	d           *Deployment
	app         actor.Credential
	people      []*member
	grants      chan *grant // that nobody uses at the moment
	connections []*connection
}

// member is a person with a household, an API key and a browser that is signed in.
type member struct {
	*actor.Person
	cookies string
	account string
	key     string // of the tier with the least limit
	reader  string // an access token with which the end is looked at
}

// grant is one connection of the application: tokens that one client at a time
// uses.
type grant struct {
	of      *member
	access  string
	refresh string
	unsure  bool // the answer of a refresh was lost: the access token may be replaced
}

// connection is one connection to the origin.
type connection struct{ client *http.Client }

// newConnection returns a client that keeps one connection.
func newConnection(timeout time.Duration) *connection {
	return &connection{&http.Client{
		Transport:     &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// NewGenerator signs everybody up.
func NewGenerator(ctx context.Context, d *Deployment, size Size) (*Generator, error) {
	c := &Generator{Ledger: newLedger(d, size.Timeout), Size: size, d: d, grants: make(chan *grant, 2*size.Grants)}
	for range size.Connections {
		c.connections = append(c.connections, newConnection(size.Timeout))
	}
	var err error
	if c.app, err = d.stack.NewClient(ctx, "--name", "Load", "--public", "--redirect-uri", callback); err != nil {
		return nil, err
	}
	c.people = make([]*member, size.People)
	if err := each(size.People, func(i int) error {
		c.people[i], err = c.signUp(ctx)
		return err
	}); err != nil {
		return nil, err
	}
	err = each(size.Grants, func(i int) error {
		one, out := c.connect(ctx, c.connections[i%len(c.connections)], c.people[i%len(c.people)])
		if one == nil {
			return fmt.Errorf("load: no tokens: %+v", out)
		}
		c.grants <- one
		return nil
	})
	return c, err
}

// each runs work for every i below n, some at a time.
func each(n int, work func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(8)
	for i := range n {
		group.Go(func() error { return work(i) })
	}
	return group.Wait()
}

// signUp makes a person with everything.
func (c *Generator) signUp(ctx context.Context) (*member, error) {
	m := &member{Person: actor.NewPerson(c.d.URL)}
	if _, err := m.SignUp(ctx); err != nil {
		return nil, err
	}
	app := &actor.App{Issuer: c.d.URL, Client: c.app, RedirectURI: callback}
	if _, err := m.Decide(ctx, app.AuthorizeURL(actor.NewPKCE(), "read_write", "", nil), actor.Allow); err != nil {
		return nil, err
	}
	var cookies []string
	for _, one := range m.Browser.Cookies() {
		cookies = append(cookies, one.Name+"="+one.Value)
	}
	m.cookies = strings.Join(cookies, "; ")
	device := map[string]any{"device_id": "load", "device_name": "Load", "device_type": "web", "os_version": "1", "app_version": "1"}
	answer, err := app.Call(ctx, http.MethodPost, c.d.URL+"/api/v1/auth/login", "", map[string]any{"email": m.Email, "password": m.Password, "device": device})
	if err != nil {
		return nil, err
	}
	if m.reader = answer.Text("access_token"); m.reader == "" {
		return nil, fmt.Errorf("load: signing in: %s", answer)
	}
	wish := map[string]any{"api_key": map[string]any{"name": "Load", "scopes": []string{"read"}, "source": "monitoring"}}
	if answer, err = app.Call(ctx, http.MethodPost, c.d.URL+"/api/v1/api_keys", m.reader, wish); err != nil {
		return nil, err
	}
	if m.key = answer.Text("key"); m.key == "" {
		return nil, fmt.Errorf("load: no API key: %s", answer)
	}
	account := map[string]any{"account": map[string]any{"name": "Load", "balance": "1"}}
	if answer, err = app.Call(ctx, http.MethodPost, c.d.URL+"/api/v1/accounts", m.reader, account); err != nil {
		return nil, err
	}
	if m.account = answer.Text("id"); m.account == "" {
		return nil, fmt.Errorf("load: no account: %s", answer)
	}
	return m, nil
}

// Verify looks at the end whether everything is there that was acknowledged, and
// nothing works that was taken back. What it finds is in the ledger.
func (c *Generator) Verify(ctx context.Context) error {
	found := make([]map[string]bool, len(c.people))
	err := each(len(c.people), func(i int) error {
		var err error
		found[i], err = c.transactions(ctx, c.people[i])
		return err
	})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, names := range found {
		for name := range names {
			there[name] = true
		}
	}
	c.compare(there)
	c.recheck(ctx)
	return c.useAll(ctx)
}

// useAll uses every connection of the application once more.
func (c *Generator) useAll(ctx context.Context) error {
	var idle []*grant
	for {
		select {
		case one := <-c.grants:
			idle = append(idle, one)
			continue
		default:
		}
		break
	}
	return each(len(idle), func(i int) error {
		one, conn := idle[i], c.connections[i%len(c.connections)]
		out := c.used(ctx, conn, one)
		for range attempts { // a machine that is at its limits may refuse at first
			if out.good || out.gone || !pause(ctx, time.Second) {
				break
			}
			out = c.used(ctx, conn, one)
		}
		if out.gone {
			return nil // the ledger has it
		}
		c.grants <- one
		if !out.good {
			return errors.Join(fmt.Errorf("load: at the end: %d", out.status), out.err)
		}
		return nil
	})
}

// attempts are how often what is only refused is tried again.
const attempts = 5

// used refreshes a connection and reads with it.
func (c *Generator) used(ctx context.Context, conn *connection, one *grant) outcome {
	out := c.refreshed(ctx, conn, one)
	if out.good {
		out = c.readWith(ctx, conn, one)
	}
	return out
}

// transactions are the names of all that a person's household has.
func (c *Generator) transactions(ctx context.Context, m *member) (map[string]bool, error) {
	found, app := map[string]bool{}, &actor.App{}
	for after, more := "", true; more; {
		var page struct {
			Transactions []struct{ Name string }
			Pagination   struct {
				Next string `json:"next_cursor"`
				More bool   `json:"has_more"`
			}
		}
		answer, err := app.Call(ctx, http.MethodGet, c.d.URL+"/api/v1/transactions?per_page=100&after="+after, m.reader, nil)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(answer.Body, &page); err != nil || answer.Status != http.StatusOK {
			return nil, errors.Join(fmt.Errorf("load: transactions: %s", answer), err)
		}
		for _, t := range page.Transactions {
			found[t.Name] = true
		}
		after, more = page.Pagination.Next, page.Pagination.More
	}
	return found, nil
}
