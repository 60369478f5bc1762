package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"latchkey/pkg/testenv/actor"
)

// Authorize lets person allow app the scope and returns the tokens.
func Authorize(ctx context.Context, app *actor.App, person *actor.Person, scope string) (Pair, error) {
	pkce := actor.NewPKCE()
	callback, err := person.Decide(ctx, app.AuthorizeURL(pkce, scope, "s", nil), actor.Allow)
	if err != nil {
		return Pair{}, err
	}
	code, err := codeOf(callback)
	if err != nil {
		return Pair{}, err
	}
	answer, err := app.Exchange(ctx, code, pkce.Verifier)
	if err != nil {
		return Pair{}, err
	}
	return pairOf(answer)
}

func codeOf(callback *url.URL) (string, error) {
	if code := callback.Query().Get("code"); code != "" {
		return code, nil
	}
	return "", fmt.Errorf("the callback carries no code: %s", callback)
}

func pairOf(answer *actor.Answer) (Pair, error) {
	var p Pair
	if err := want(answer, http.StatusOK, &p); err != nil {
		return p, err
	}
	if p.Access == "" || p.Refresh == "" {
		return p, fmt.Errorf("the answer lacks a token: %s", answer)
	}
	return p, nil
}

// want checks the status and reads the answer's JSON into dest, when given.
func want(answer *actor.Answer, status int, dest any) error {
	if answer.Status != status {
		return fmt.Errorf("wanted %d, got %s", status, answer)
	}
	if dest == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, dest); err != nil {
		return fmt.Errorf("unreadable answer: %w: %s", err, answer)
	}
	return nil
}

// sendTo sends a request made by hand and follows nothing.
func sendTo(ctx context.Context, method, target string, header http.Header, body string) (*actor.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("e2e: %w", err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	return (&actor.App{}).Do(req)
}
