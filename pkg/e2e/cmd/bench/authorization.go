package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"latchkey/pkg/testenv"
)

const (
	authorizations = 60
	peerWholeCPU   = 2.0 // ms, server and PostgreSQL
)

// authorization measures the six requests from a person who is not signed in to
// an app that has tokens: authorize, the sign-in page, its form, authorize again,
// the consent form, and the code. The password check is the one part that is
// meant to be slow; what it takes is measured in this process and left out.
func (l *lab) authorization(ctx context.Context) error {
	if !strings.Contains("whole authorization", l.only) {
		return nil
	}
	for i := range authorizations {
		if err := signUp(ctx, testenv.NewBrowser(l.stack.Auth.URL), person(i)); err != nil {
			return err
		}
	}
	pid := l.stack.Auth.PID()
	server, postgres := cpuOf(pid), cpuOfPostgres()
	for i := range authorizations {
		if err := l.authorize(ctx, person(i)); err != nil {
			return err
		}
	}
	server, postgres = cpuOf(pid)-server, cpuOfPostgres()-postgres
	check := passwordCheck()
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / authorizations }
	fmt.Printf("\n| whole authorization | CPU ms server + PostgreSQL | at most |\n|---|---|---|\n")
	fmt.Printf("| 6 requests, %d times, %.1f ms of password check left out | %.2f + %.2f = %.2f | %.1f |\n",
		authorizations, each(check), each(server-check), each(postgres), each(server-check+postgres), peerWholeCPU)
	return nil
}

func person(i int) string { return fmt.Sprintf("person%d@example.com", i) }

// authorize is the whole way of somebody who has an account and has not allowed
// the app yet.
func (l *lab) authorize(ctx context.Context, email string) error {
	browser, pkce := testenv.NewBrowser(l.stack.Auth.URL), testenv.NewPKCE()
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

// passwordCheck is the CPU time of as many password checks, with the parameters
// of the authorization server.
func passwordCheck() time.Duration {
	self := os.Getpid()
	began := cpuOf(self)
	for range authorizations {
		argon2.IDKey([]byte(password), make([]byte, 16), 2, 19<<10, 1, 32)
	}
	return cpuOf(self) - began
}
