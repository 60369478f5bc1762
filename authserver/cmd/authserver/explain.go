package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"latchkey/authserver/internal/store"
	"latchkey/pkg/cli"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

const explainUsage = `usage: authserver explain [--json] < TOKEN
       authserver explain REQUEST_ID [--log FILE]... [--json]

Says what decided. Of an access token, refresh token or API key on standard input: whether it is
good now, by which rule not, and whose it is; the tables are asked, and nothing is changed. Of a
request, by the X-Request-Id of its answer: what the logs of both services say (--log FILE, as
JSON lines; - is standard input) and which security events it made. No secret is printed.

  printf %s "$TOKEN" | authserver explain
  journalctl -o cat -u 'latchkey-*' | authserver explain 4a0cgmd2wm5e-1f --log -`

func explain(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver explain")
	var logs cli.List
	fs.Var(&logs, "log", "a file with log lines of either service; - is standard input; may be given more than once")
	rest, err := cli.Parse(fs, args, cli.AnyNumber)
	switch {
	case err != nil:
		return err
	case len(rest) > 1, len(rest) == 0 && len(logs) > 0:
		return cli.UsageError(explainUsage)
	case len(rest) == 1:
		if secret.Redact(rest[0]) != rest[0] { // in the list of processes and the history of the shell by now
			return cli.UsageError("authserver explain: a credential belongs on standard input, not on the command line; revoke this one")
		}
		return withParts(ctx, func(p *parts) error { return p.explainRequest(ctx, rest[0], logs, *asJSON) })
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return withParts(ctx, func(p *parts) error { return p.explainToken(ctx, strings.TrimSpace(line), *asJSON) })
}

// explanation is what the command line says of a credential.
type explanation struct {
	Credential    string     `json:"credential"` // kind and last four characters
	Active        bool       `json:"active"`
	Rule          string     `json:"rule"` // that decided
	GrantID       string     `json:"grant_id,omitempty"`
	KeyID         string     `json:"key_id,omitempty"`
	ClientID      string     `json:"client_id,omitempty"`
	UserID        string     `json:"user_id,omitempty"`
	FamilyID      string     `json:"family_id,omitempty"`
	Scope         string     `json:"scope,omitempty"`
	ExpiresAt     *time.Time `json:"expires_at,omitempty"`
	EndedAt       *time.Time `json:"ended_at,omitempty"`
	EndReason     string     `json:"end_reason,omitempty"`
	UsedAt        *time.Time `json:"used_at,omitempty"`
	Now           time.Time  `json:"now"`                      // by the clock of this host
	DatabaseClock *time.Time `json:"database_clock,omitempty"` // null: the database has none of its own
	Source        string     `json:"source"`
}

// live is where the answers of the command line come from.
const live = "the tables, asked now; a resource server may believe an earlier answer for API_CREDENTIAL_LIFE"

func (p *parts) explainToken(ctx context.Context, text string, asJSON bool) error {
	clock, err := p.store.Clock(ctx)
	if err != nil {
		return err
	}
	e := explanation{Now: now(), Source: live}
	if !clock.IsZero() {
		e.DatabaseClock = &clock
	}
	token, err := secret.ParseAny(text)
	if err != nil {
		e.Credential, e.Rule = "nothing of ours", "malformed: it was not issued here, or was cut or changed on the way"
		return e.print(asJSON)
	}
	e.Credential = token.Kind().Name() + " " + token.String()
	switch token.Kind() {
	case secret.AccessToken, secret.RefreshToken:
		err = p.explainGrant(ctx, token, &e)
	case secret.APIKey:
		err = p.explainKey(ctx, token, &e)
	default:
		e.Rule = "it is not for APIs: only access tokens and API keys open them, and refresh tokens get new ones"
	}
	if fault.Is(err, fault.NotFound) {
		e.Rule, err = "unknown: nothing in the tables belongs to it, or it has been swept", nil
	}
	if err != nil {
		return err
	}
	return e.print(asJSON)
}

func (p *parts) explainKey(ctx context.Context, token secret.Token, e *explanation) error {
	c, err := p.store.LookupAPIKey(ctx, token.Digest())
	if err != nil {
		return err
	}
	e.KeyID, e.UserID, e.FamilyID, e.Scope, e.ExpiresAt = c.ID, c.UserID, c.FamilyID, c.Scopes.String(), c.ExpiresAt
	switch {
	case c.Deactivated:
		e.Rule = "deactivated: its user was"
	case c.Ended:
		e.Rule = "ended: it was revoked"
	case c.ExpiresAt != nil && !e.Now.Before(*c.ExpiresAt):
		e.Rule = "expired"
	default:
		e.Active, e.Rule = true, "good"
	}
	return nil
}

func (p *parts) explainGrant(ctx context.Context, token secret.Token, e *explanation) error {
	handle, err := token.HandleDigest()
	if err != nil {
		return err
	}
	g, err := p.store.ExplainGrant(ctx, handle)
	if err != nil {
		return err
	}
	e.GrantID, e.ClientID, e.UserID, e.FamilyID, e.Scope = g.ID, g.ClientID, g.UserID, g.FamilyID, g.Scopes
	e.EndedAt, e.EndReason, e.UsedAt = g.EndedAt, g.EndReason, g.UsedAt
	current, expires := g.Access, g.AccessExpiresAt
	if token.Kind() == secret.RefreshToken {
		current, expires = g.Refresh, g.RefreshExpiresAt
	}
	e.ExpiresAt = expires
	e.Rule = ruleOf(token, g, current, expires, e.Now)
	e.Active = e.Rule == "good"
	return nil
}

// ruleOf is which rule decides about a token of a grant, in the order in which they
// are asked.
func ruleOf(token secret.Token, g *store.ExplainedGrant, current secret.Digest, expires *time.Time, at time.Time) string {
	switch {
	case !current.Equal(token.Digest()) && token.Kind() == secret.RefreshToken && g.Parent.Equal(token.Digest()):
		return "spent: the current pair was given for it; it is answered once more while nobody has used that pair, or within the client's overlap"
	case !current.Equal(token.Digest()):
		return "replaced by a refresh"
	case g.Deactivated:
		return "deactivated: its user was"
	case g.EndedAt != nil:
		return "ended: " + g.EndReason
	case g.ClientDisabled:
		return "ended: its client was disabled"
	case expires != nil && !at.Before(*expires):
		return "expired"
	}
	return "good"
}

func (e explanation) print(asJSON bool) error {
	if asJSON {
		return cli.PrintJSON(e)
	}
	verdict := "refused: "
	if e.Active {
		verdict = "accepted: "
	}
	lines := [][2]string{
		{"credential", e.Credential},
		{"verdict", verdict + e.Rule},
		{"grant", e.GrantID},
		{"key", e.KeyID},
		{"client", e.ClientID},
		{"user", e.UserID},
		{"family", e.FamilyID},
		{"scope", e.Scope},
		{"expires", stamp(e.ExpiresAt)},
		{"ended", stamp(e.EndedAt)},
		{"last used", stamp(e.UsedAt)},
		{"now", stamp(&e.Now) + " on this host"},
		{"database", stamp(e.DatabaseClock)},
		{"answer from", e.Source},
	}
	for _, l := range lines {
		if l[1] != "" {
			fmt.Printf("%-12s %s\n", l[0], l[1])
		}
	}
	return nil
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
