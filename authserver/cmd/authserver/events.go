package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/cli"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/spelling"
)

// requestOrigin is what the request log knows of the request of ctx.
func requestOrigin(ctx context.Context) authserver.Origin {
	from := authserver.Origin{UserAgent: httpserver.UserAgent(ctx), RequestID: httpserver.RequestID(ctx)}
	if addr := httpserver.ClientAddr(ctx); addr.IsValid() {
		from.Address = addr.String()
	}
	return from
}

// openEventKeys derives what proves events from the encryption key, if there is one.
// A key that cannot be read is not reported here: opening the second factors does that.
func (p *parts) openEventKeys() {
	if keys, err := event.NewKeys(keyOf(p.cfg), p.cfg.EncryptionKeysOld...); err == nil {
		p.events.Keys = keys
	}
}

const eventsUsage = `usage: authserver events COMMAND

  list [filters] [--json]     security events, newest first; 100 unless --limit says otherwise
  export [filters] [--json]   all of them as CSV, or one JSON object a line
  verify [--head HEAD] [--json]
                              find events that were changed, inserted, removed or cut off since they
                              were written; HEAD is one of those in the log, and may be given more than once

filters:
  --user USER      whose account, by id or email address
  --family ID      of which household
  --kind KIND      signin.failed, apikey.created …; may be given more than once
  --since TIME     2026-11-30, 2026-11-30T08:00:00Z, or how long ago: 24h
  --until TIME     the first moment that is left out
  --limit N        at most so many`

var eventsCommand = cli.Group("authserver events", eventsUsage, map[string]cli.Command{
	"list":   eventsList,
	"export": eventsExport,
	"verify": eventsVerify,
})

// eventView is an event as the command line prints it, under the names of the log.
type eventView struct {
	ID        string            `json:"id"`
	At        time.Time         `json:"at"`
	Event     string            `json:"event"`
	Outcome   string            `json:"outcome"`
	ActorID   string            `json:"actor_id"`
	UserID    string            `json:"user_id"`
	FamilyID  string            `json:"family_id"`
	ClientID  string            `json:"client_id"`
	SubjectID string            `json:"subject_id"`
	Details   map[string]string `json:"details"`
	Address   string            `json:"client_addr"`
	UserAgent string            `json:"user_agent"`
	RequestID string            `json:"request_id"`
}

func viewEvent(e *authserver.Event) eventView {
	return eventView{
		e.ID, e.At, e.Kind, e.Outcome, e.ActorID, e.UserID, e.FamilyID, e.ClientID, e.SubjectID, e.Details, e.Address, e.UserAgent, e.RequestID,
	}
}

// eventFlags are the filters as they were typed.
type eventFlags struct {
	user, family, since, until string
	kinds                      cli.List
	limit                      int
}

func (f *eventFlags) define(fs *flag.FlagSet, limit int) {
	fs.StringVar(&f.user, "user", "", "whose account, by id or email address")
	fs.StringVar(&f.family, "family", "", "id of the household")
	fs.Var(&f.kinds, "kind", "kind of event; may be given more than once")
	fs.StringVar(&f.since, "since", "", "time, day, or how long ago")
	fs.StringVar(&f.until, "until", "", "time, day, or how long ago")
	fs.IntVar(&f.limit, "limit", limit, "at most so many")
}

// filter reads the filters. A user who is gone is named by id.
func (f *eventFlags) filter(ctx context.Context, p *parts) (chosen authserver.EventFilter, err error) {
	chosen = authserver.EventFilter{UserID: f.user, FamilyID: strings.ToLower(f.family), Kinds: f.kinds, Limit: f.limit}
	if strings.Contains(f.user, "@") {
		if chosen.UserID, err = p.userID(ctx, f.user); err != nil {
			return chosen, err
		}
	}
	if f.limit < 0 {
		return chosen, cli.UsageError("--limit must not be negative")
	}
	for _, kind := range f.kinds {
		if authserver.EventGroupOf(kind) == "" {
			return chosen, unknownKind(kind)
		}
	}
	if chosen.Since, err = readMoment("--since", f.since); err != nil {
		return chosen, err
	}
	chosen.Until, err = readMoment("--until", f.until)
	return chosen, err
}

func unknownKind(kind string) error {
	var all []string
	for _, g := range authserver.EventGroups {
		all = append(all, g.Kinds...)
	}
	if near, ok := spelling.Nearest(kind, all); ok {
		return cli.UsageError(fmt.Sprintf("there are no events %s: did you mean %s?", kind, near))
	}
	return cli.UsageError(fmt.Sprintf("there are no events %s; there are %s", kind, strings.Join(all, ", ")))
}

// readMoment reads a time, a day (UTC) or how long ago; "": the zero time.
func readMoment(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now().Add(-ago), nil
	}
	return time.Time{}, cli.UsageError(name + " must be a day (2026-11-30), a time (2026-11-30T08:00:00Z) or how long ago (24h)")
}

func eventsList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver events list")
	var typed eventFlags
	typed.define(fs, 100)
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		f, err := typed.filter(ctx, p)
		if err != nil {
			return err
		}
		views := []eventView{}
		err = p.events.Each(ctx, f, func(e *authserver.Event) error {
			views = append(views, viewEvent(e))
			return nil
		})
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		return printEvents(views)
	})
}

func printEvents(views []eventView) error {
	rows := make([][]string, len(views))
	for i, v := range views {
		rows[i] = []string{v.At.Format(time.RFC3339), v.Event, v.Outcome, v.UserID, v.ActorID, v.ClientID, v.SubjectID, v.Address}
	}
	return cli.Table([]string{"AT", "EVENT", "OUTCOME", "USER", "ACTOR", "CLIENT", "ABOUT", "ADDRESS"}, rows)
}

func eventsExport(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver events export")
	var typed eventFlags
	typed.define(fs, 0)
	var quiet bool
	cli.Quiet(fs, &quiet)
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		f, err := typed.filter(ctx, p)
		if err != nil {
			return err
		}
		far := cli.NewProgress("events written", quiet || cli.OnTerminal())
		defer far.End()
		counted := func(write func(e *authserver.Event) error) func(e *authserver.Event) error {
			return func(e *authserver.Event) error {
				far.Add(1)
				return write(e)
			}
		}
		if *asJSON {
			lines := json.NewEncoder(os.Stdout)
			return p.events.Each(ctx, f, counted(func(e *authserver.Event) error { return lines.Encode(viewEvent(e)) }))
		}
		out, err := event.NewCSV(os.Stdout)
		if err != nil {
			return err
		}
		if err := p.events.Each(ctx, f, counted(out.Write)); err != nil {
			return err
		}
		return out.Flush()
	})
}
