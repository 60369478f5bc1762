package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"latchkey/pkg/testenv"
)

const (
	authorizations = 600
	warmUps        = 100 // until every connection to PostgreSQL knows the statements
	peerWholeCPU   = 2.0 // ms, server and PostgreSQL
)

// customer is a person with a passkey who has not allowed the app yet.
type customer struct {
	email  string
	device *testenv.Authenticator
}

// authorization measures the way from a person who is not signed in to an app
// that has tokens: authorize, the sign-in page, the sign-in, authorize again, the
// consent form, and the code. The password check is meant to be slow, and takes
// the caches of everything beside it with it; so people sign in with a passkey,
// which takes one request more. As many do so at a time as there are connections
// elsewhere.
func (l *lab) authorization(ctx context.Context) error {
	if !strings.Contains("whole authorization", l.only) {
		return nil
	}
	people := make([]customer, warmUps+authorizations)
	err := l.each(len(people), func(i int) (err error) {
		people[i], err = l.customer(ctx, i)
		return err
	})
	if err != nil {
		return err
	}
	authorize := func(people []customer) error {
		return l.each(len(people), func(i int) error { return l.authorize(ctx, people[i]) })
	}
	if err := authorize(people[:warmUps]); err != nil {
		return err
	}
	server, postgres := cpuOf(l.stack.Auth.PID()), cpuOfPostgres()
	if err := authorize(people[warmUps:]); err != nil {
		return err
	}
	server, postgres = cpuOf(l.stack.Auth.PID())-server, cpuOfPostgres()-postgres
	a, b := float64(server.Microseconds())/1000/authorizations, float64(postgres.Microseconds())/1000/authorizations
	fmt.Printf("\n| whole authorization | CPU ms server + PostgreSQL | at most |\n|---|---|---|\n")
	fmt.Printf("| 7 requests, %d times, no password in them | %.2f + %.2f = %.2f | %.1f |\n", authorizations, a, b, a+b, peerWholeCPU)
	return nil
}

// each runs work for every i below n, as many at a time as there are connections.
func (l *lab) each(n int, work func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(l.connections)
	for i := range n {
		group.Go(func() error { return work(i) })
	}
	return group.Wait()
}

func (l *lab) customer(ctx context.Context, i int) (customer, error) {
	c := customer{fmt.Sprintf("person%d@example.com", i), testenv.NewAuthenticator(l.stack.Auth.URL)}
	browser := testenv.NewBrowser(l.stack.Auth.URL)
	if err := signUp(ctx, browser, c.email); err != nil {
		return c, err
	}
	page, err := browser.Get(ctx, "/settings/passkeys")
	if err != nil {
		return c, err
	}
	_, err = ceremony(ctx, browser, page, map[string]string{"passkey_name": "Phone"}, c.device.Create)
	return c, err
}

// ceremony does what the script of a page with passkeys does.
func ceremony(ctx context.Context, browser *testenv.Browser, page *testenv.Page, values map[string]string, device func(options []byte) (string, error)) (*testenv.Page, error) {
	form, err := page.Form("credential")
	if err != nil {
		return nil, err
	}
	form.Fill(values)
	options, err := browser.Post(ctx, form.Action+"/options", form.Values)
	if err != nil {
		return nil, err
	}
	credential, err := device([]byte(options.Body))
	if err != nil {
		return nil, err
	}
	form.Values.Set("credential", credential)
	return browser.Submit(ctx, page, form, "", "")
}

// authorize is the whole way of one person.
func (l *lab) authorize(ctx context.Context, who customer) error {
	browser, pkce := testenv.NewBrowser(l.stack.Auth.URL), testenv.NewPKCE()
	page, err := browser.Get(ctx, l.app.AuthorizeURL(pkce, "read_write", "", nil))
	if err != nil {
		return err
	}
	if page, err = ceremony(ctx, browser, page, nil, who.device.Get); err != nil {
		return err
	}
	callback, err := allow(ctx, browser, page)
	if err != nil {
		return err
	}
	answer, err := l.app.Exchange(ctx, callback.Query().Get("code"), pkce.Verifier)
	if err == nil && answer.Text("access_token") == "" {
		err = fmt.Errorf("no tokens: %s", answer)
	}
	return err
}
