package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

const (
	authorizations = 3000
	warmUps        = 100 // until every connection to PostgreSQL knows the statements
	peerWholeCPU   = 2.0 // ms, server and PostgreSQL
)

// authorization measures the way from a person who is not signed in to an app
// that has tokens: authorize, the sign-in page, the sign-in, authorize again, the
// consent form, and the code. The password check is meant to be slow, and takes
// the caches of everything beside it with it; so it is left out as far as argon2id
// lets it be: 8 KiB, once over, which takes some ten microseconds. As many people
// do so at a time as there are connections elsewhere.
func (l *lab) authorization(ctx context.Context) error {
	if !strings.Contains("whole authorization", l.only) {
		return nil
	}
	people := make([]string, warmUps+authorizations)
	err := l.each(len(people), func(i int) error {
		people[i] = fmt.Sprintf("person%d@example.com", i)
		return signUp(ctx, actor.NewBrowser(l.stack.Auth.URL), people[i])
	})
	if err != nil {
		return err
	}
	authorize := func(people []string) error {
		return l.each(len(people), func(i int) error { return l.authorize(ctx, people[i]) })
	}
	if err := authorize(people[:warmUps]); err != nil {
		return err
	}
	server, postgres := process.CPU(l.stack.Auth.PID()), process.CPUOf("postgres")
	if err := authorize(people[warmUps:]); err != nil {
		return err
	}
	server, postgres = process.CPU(l.stack.Auth.PID())-server, process.CPUOf("postgres")-postgres
	a, b := float64(server.Microseconds())/1000/authorizations, float64(postgres.Microseconds())/1000/authorizations
	fmt.Printf("| whole authorization | CPU ms server + PostgreSQL | at most |\n|---|---|---|\n")
	fmt.Printf("| 6 requests, %d times, password check left out | %.2f + %.2f = %.2f | %.1f |\n\n", authorizations, a, b, a+b, peerWholeCPU)
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

// authorize is the whole way of one person.
func (l *lab) authorize(ctx context.Context, email string) error {
	browser, pkce := actor.NewBrowser(l.stack.Auth.URL), actor.NewPKCE()
	page, err := browser.Get(ctx, l.app.AuthorizeURL(pkce, "read_write", "", nil))
	if err != nil {
		return err
	}
	form, err := page.Form("email", "password")
	if err != nil {
		return err
	}
	form.Fill(map[string]string{"email": email, "password": password})
	if page, err = browser.Submit(ctx, page, form, "", ""); err != nil {
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
