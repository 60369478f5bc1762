package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
)

// Demo plays the product's main job as the people and programs in it would.
// Every step checks what it got; the first surprise ends it.
type Demo struct {
	Stack *stack.Stack
	Out   io.Writer

	app      *actor.App
	reader   *actor.App
	person   *actor.Person
	accounts []account
	pair     Pair
	old      Pair
	own      Pair // of the product's own app
	step     int
}

// Pair is an access token and the refresh token issued with it.
type Pair struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	Type      string `json:"token_type"`
	Scope     string `json:"scope"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

type account struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Balance string `json:"balance"`
}

// Play runs every step.
func (d *Demo) Play(ctx context.Context) error {
	steps := []func(context.Context) error{
		d.register, d.signUp, d.authorize, d.listAccounts, d.addTransaction,
		d.readOnly, d.rotate, d.retry, d.revoke,
		d.assistant, d.device, d.ownApp, d.loseTablet, d.backend, d.balanceSheet,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// say prints one step: what happens, then what came of it.
func (d *Demo) say(title, format string, args ...any) {
	d.step++
	fmt.Fprintf(d.Out, "%2d. %s\n    %s\n", d.step, title, fmt.Sprintf(format, args...))
}

func (d *Demo) register(ctx context.Context) error {
	const callback = "http://127.0.0.1:4711/callback"
	client, err := d.Stack.NewClient(ctx, "--name", "Budget Buddy", "--public", "--redirect-uri", callback, "--scope", "read read_write")
	if err != nil {
		return err
	}
	d.app = &actor.App{Issuer: d.Stack.Auth.URL, Client: client, RedirectURI: callback}
	d.say("The operator registers an application, “Budget Buddy”.",
		"It is public (no secret), and people are sent back to %s. client_id: %s", callback, client.ID)
	return nil
}

func (d *Demo) signUp(ctx context.Context) error {
	d.person = actor.NewPerson(d.Stack.Auth.URL)
	if _, err := d.person.SignUp(ctx); err != nil {
		return err
	}
	d.say("A person signs up on the sign-up page.", "%s now has a household of their own, and nobody else is in it.", d.person.Email)
	return nil
}

func (d *Demo) authorize(ctx context.Context) error {
	pkce := actor.NewPKCE()
	phone := d.person.ElsewhereAs(d.Stack.Auth.URL)
	page, err := phone.Open(ctx, d.app.AuthorizeURL(pkce, "read_write", "state-of-the-app", nil))
	if err != nil {
		return err
	}
	form, err := page.Form("decision")
	if err != nil {
		return err
	}
	d.say("On their phone the application opens /oauth/authorize with a PKCE challenge.",
		"The person signs in and is asked: “%s”", page.Heading())

	page, err = phone.Browser.Submit(ctx, page, form, "decision", actor.Allow)
	if err != nil {
		return err
	}
	if page.Left == nil || page.Left.Query().Get("code") == "" || page.Left.Query().Get("state") != "state-of-the-app" {
		return fmt.Errorf("allowing did not lead back to the application: %d %.300s", page.Status, page.Text())
	}
	code := page.Left.Query().Get("code")
	d.say("They press “allow” and are sent back to the application.", "It received the code %s…, good for one use within a minute.", code[:12])

	answer, err := d.app.Exchange(ctx, code, pkce.Verifier)
	if err != nil {
		return err
	}
	if d.pair, err = pairOf(answer); err != nil {
		return err
	}
	d.say("The application exchanges code and PKCE verifier for tokens.",
		"Access token %s… and refresh token %s…, scope %q, for %d days.", d.pair.Access[:12], d.pair.Refresh[:12], d.pair.Scope, d.pair.ExpiresIn/86400)
	return nil
}

func (d *Demo) listAccounts(ctx context.Context) error {
	answer, err := d.app.Call(ctx, http.MethodGet, d.Stack.API().URL+"/api/v1/accounts", d.pair.Access, nil)
	if err != nil {
		return err
	}
	var list struct {
		Accounts []account `json:"accounts"`
	}
	if err := want(answer, http.StatusOK, &list); err != nil {
		return err
	}
	if len(list.Accounts) == 0 {
		return fmt.Errorf("a new household should start with one account, got %s", answer)
	}
	d.accounts = list.Accounts
	d.say("It asks the resource API for the household's accounts.", "One: %q, balance %s.", list.Accounts[0].Name, list.Accounts[0].Balance)
	return nil
}

func (d *Demo) transaction() map[string]any {
	return map[string]any{"transaction": map[string]any{
		"account_id": d.accounts[0].ID, "date": "2026-01-31", "amount": "12.50", "nature": "expense", "name": "Coffee beans",
	}}
}

func (d *Demo) addTransaction(ctx context.Context) error {
	answer, err := d.app.Call(ctx, http.MethodPost, d.Stack.API().URL+"/api/v1/transactions", d.pair.Access, d.transaction())
	if err != nil {
		return err
	}
	var made struct {
		Name           string `json:"name"`
		Amount         string `json:"amount"`
		Classification string `json:"classification"`
	}
	if err := want(answer, http.StatusCreated, &made); err != nil {
		return err
	}
	d.say("It records a transaction.", "%q, %s, %s.", made.Name, made.Amount, made.Classification)
	return nil
}

func (d *Demo) readOnly(ctx context.Context) error {
	const callback = "http://127.0.0.1:4712/callback"
	client, err := d.Stack.NewClient(ctx, "--name", "Chart Maker", "--public", "--redirect-uri", callback, "--scope", "read")
	if err != nil {
		return err
	}
	d.reader = &actor.App{Issuer: d.Stack.Auth.URL, Client: client, RedirectURI: callback}
	pair, err := Authorize(ctx, d.reader, d.person, "read")
	if err != nil {
		return err
	}
	answer, err := d.reader.Call(ctx, http.MethodPost, d.Stack.API().URL+"/api/v1/transactions", pair.Access, d.transaction())
	if err != nil {
		return err
	}
	if err := want(answer, http.StatusForbidden, nil); err != nil {
		return err
	}
	if code := answer.Text("error"); code != "insufficient_scope" {
		return fmt.Errorf("a refusal for want of scope should be insufficient_scope, got %s", answer)
	}
	d.say("Another application, allowed only to read, tries to write.", "403 %s: %s.", answer.Text("error"), answer.Text("message"))
	return nil
}

func (d *Demo) rotate(ctx context.Context) error {
	answer, err := d.app.Refresh(ctx, d.pair.Refresh)
	if err != nil {
		return err
	}
	next, err := pairOf(answer)
	if err != nil {
		return err
	}
	if next.Access == d.pair.Access || next.Refresh == d.pair.Refresh {
		return fmt.Errorf("a refresh should answer a new pair")
	}
	d.old, d.pair = d.pair, next
	d.say("The application refreshes.", "A new pair.")
	return nil
}

func (d *Demo) retry(ctx context.Context) error {
	answer, err := d.app.Refresh(ctx, d.old.Refresh)
	if err != nil {
		return err
	}
	again, err := pairOf(answer)
	if err != nil {
		return err
	}
	if again.Access != d.pair.Access || again.Refresh != d.pair.Refresh {
		return fmt.Errorf("repeating a refresh should answer the same pair")
	}
	if err := within(ctx, func() error { return d.expectAccounts(ctx, d.old.Access, http.StatusUnauthorized) }); err != nil {
		return fmt.Errorf("the old access token after a refresh: %w", err)
	}
	if err := d.expectAccounts(ctx, d.pair.Access, http.StatusOK); err != nil {
		return fmt.Errorf("the new access token: %w", err)
	}
	d.say("Its connection dropped before the answer, so it repeats the very same refresh.",
		"The same pair once more: nobody is signed out by a lost answer. The old access token is refused with 401 from now on.")
	return nil
}

func (d *Demo) revoke(ctx context.Context) error {
	answer, err := d.app.Revoke(ctx, d.pair.Refresh)
	if err != nil {
		return err
	}
	if err := want(answer, http.StatusOK, nil); err != nil {
		return err
	}
	if err := within(ctx, func() error { return d.expectAccounts(ctx, d.pair.Access, http.StatusUnauthorized) }); err != nil {
		return fmt.Errorf("the access token after revocation: %w", err)
	}
	if answer, err = d.app.Refresh(ctx, d.pair.Refresh); err != nil {
		return err
	}
	if answer.Status != http.StatusBadRequest || answer.Text("error") != "invalid_grant" {
		return fmt.Errorf("refreshing a revoked grant should be invalid_grant, got %s", answer)
	}
	d.say("The person disconnects the application: it revokes its refresh token.", "The whole grant is dead: the API answers 401, the token endpoint invalid_grant.")
	return nil
}

func (d *Demo) expectAccounts(ctx context.Context, token string, status int) error {
	answer, err := d.app.Call(ctx, http.MethodGet, d.Stack.API().URL+"/api/v1/accounts", token, nil)
	if err != nil {
		return err
	}
	return want(answer, status, nil)
}
