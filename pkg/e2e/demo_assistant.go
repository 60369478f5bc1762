package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"latchkey/pkg/testenv/actor"
)

// assistant plays a client of the Model Context Protocol that nobody has registered:
// it knows the address, finds out the rest, and calls a tool.
func (d *Demo) assistant(ctx context.Context) error {
	endpoint := d.Stack.API().URL + "/mcp"
	issuer, err := d.discover(ctx, endpoint)
	if err != nil {
		return err
	}
	app, err := d.introduce(ctx, issuer)
	if err != nil {
		return err
	}
	pkce := actor.NewPKCE()
	page, err := d.person.Open(ctx, app.AuthorizeURL(pkce, "read", "s", url.Values{"resource": {endpoint}}))
	if err != nil {
		return err
	}
	form, err := page.Form("decision")
	if err != nil {
		return err
	}
	if !strings.Contains(page.Text(), "Not verified by this server") {
		return fmt.Errorf("the page should say that nobody vouches for the assistant: %.300s", page.Text())
	}
	d.say("It asks the person, with the address that it will call as its resource.", "They read: “%s” Not verified by this server.", page.Heading())
	if page, err = d.person.Browser.Submit(ctx, page, form, "decision", actor.Allow); err != nil {
		return err
	}
	if page.Left == nil {
		return fmt.Errorf("allowing did not lead back to the assistant: %d %.300s", page.Status, page.Text())
	}
	code, err := codeOf(page.Left)
	if err != nil {
		return err
	}
	answer, err := app.Token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI}, "code_verifier": {pkce.Verifier}, "resource": {endpoint},
	})
	if err != nil {
		return err
	}
	pair, err := pairOf(answer)
	if err != nil {
		return err
	}
	return d.useTool(ctx, app, endpoint, pair)
}

var metadataAddress = regexp.MustCompile(`resource_metadata="([^"]+)"`)

// discover finds the authorization server of a resource (RFC 9728).
func (d *Demo) discover(ctx context.Context, endpoint string) (issuer string, err error) {
	refused, err := d.app.Call(ctx, http.MethodPost, endpoint, "", map[string]any{"jsonrpc": "2.0", "id": 1, "method": "ping"})
	if err != nil {
		return "", err
	}
	found := metadataAddress.FindStringSubmatch(refused.Header.Get("WWW-Authenticate"))
	if refused.Status != http.StatusUnauthorized || found == nil {
		return "", fmt.Errorf("a request without a token should be told where to ask, got %s", refused)
	}
	answer, err := d.app.Call(ctx, http.MethodGet, found[1], "", nil)
	if err != nil {
		return "", err
	}
	var resource struct {
		Servers []string `json:"authorization_servers"`
	}
	if err := want(answer, http.StatusOK, &resource); err != nil {
		return "", err
	}
	if len(resource.Servers) == 0 {
		return "", fmt.Errorf("the resource names no authorization server: %s", answer)
	}
	d.say("An assistant is given one address: "+endpoint, "It asks, is refused with 401, and follows the challenge to %s.", resource.Servers[0])
	return resource.Servers[0], nil
}

// introduce registers the assistant where the issuer says (RFC 8414, RFC 7591).
func (d *Demo) introduce(ctx context.Context, issuer string) (*actor.App, error) {
	answer, err := d.app.Call(ctx, http.MethodGet, issuer+"/.well-known/oauth-authorization-server", "", nil)
	if err != nil {
		return nil, err
	}
	const callback = "http://127.0.0.1:4713/callback"
	if answer, err = d.app.Call(ctx, http.MethodPost, answer.Text("registration_endpoint"), "", map[string]any{
		"client_name": "Kitchen assistant", "redirect_uris": []string{callback}, "token_endpoint_auth_method": "none",
	}); err != nil {
		return nil, err
	}
	var client actor.Credential
	if err := want(answer, http.StatusCreated, &client); err != nil {
		return nil, err
	}
	d.say("Nobody has registered it, so it introduces itself.", "client_id: %s", client.ID)
	return &actor.App{Issuer: issuer, Client: client, RedirectURI: callback}, nil
}

// useTool calls a tool that reads, then one that the token is too small for.
func (d *Demo) useTool(ctx context.Context, app *actor.App, endpoint string, pair Pair) error {
	call := func(tool string, arguments map[string]any) (*actor.Answer, error) {
		return app.Call(ctx, http.MethodPost, endpoint, pair.Access, map[string]any{
			"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": arguments},
		})
	}
	answer, err := call("list_transactions", nil)
	if err != nil {
		return err
	}
	var said struct {
		Result struct {
			Data struct {
				Transactions []struct {
					Name   string `json:"name"`
					Amount string `json:"amount"`
				} `json:"transactions"`
			} `json:"structuredContent"`
		} `json:"result"`
	}
	if err := want(answer, http.StatusOK, &said); err != nil {
		return err
	}
	if len(said.Result.Data.Transactions) == 0 {
		return errors.New("the assistant should see the household's transaction")
	}
	first := said.Result.Data.Transactions[0]
	if answer, err = call("create_tag", map[string]any{"name": "Treats"}); err != nil {
		return err
	}
	if err := want(answer, http.StatusForbidden, nil); err != nil {
		return err
	}
	d.say("It calls a tool, and another that its token is too small for.", "list_transactions: %q, %s. create_tag: 403 %s, with the scope to ask for.",
		first.Name, first.Amount, answer.Text("error"))
	return nil
}
