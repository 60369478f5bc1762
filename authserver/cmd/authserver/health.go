package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/pkg/backlog"
	"latchkey/pkg/cache"
	"latchkey/pkg/cli"
	"latchkey/pkg/database"
)

// probes ask what this server stands on, for the operator's pages.
func (p *parts) probes() []operator.Probe {
	return []operator.Probe{
		{Name: "authserver", Ask: p.askSelf},
		{Name: "resources", Ask: p.askResources},
		{Name: "database", Ask: p.askDatabase},
		{Name: "cache", Ask: p.askCache},
		{Name: "email", Ask: p.askEmail},
		{Name: "erasure", Ask: p.askErasure},
		{Name: "events", Ask: p.askEvents},
		{Name: "sweep", Ask: p.askSweep},
	}
}

// known is a component that works, with what is known of it.
func known(facts ...authserver.HealthFact) authserver.Component {
	return authserver.Component{State: authserver.ComponentWorks, Facts: facts}
}

var off = authserver.Component{State: authserver.ComponentOff}

// fails is c without an answer.
func fails(c authserver.Component, err error, why string) authserver.Component {
	if errors.Is(err, context.DeadlineExceeded) {
		why = authserver.FaultTimeout
	}
	c.Fail(why)
	return c
}

func (p *parts) askSelf(context.Context) authserver.Component {
	facts := []authserver.HealthFact{{Name: "version", Text: cli.VersionOf(version)}, {Name: "since", At: p.started}}
	if name, err := os.Hostname(); err == nil {
		facts = append(facts, authserver.HealthFact{Name: "replica", Text: name})
	}
	return known(facts...)
}

func (p *parts) askResources(ctx context.Context) authserver.Component {
	if p.holder == nil {
		return off
	}
	c := known(authserver.HealthFact{Name: "host", Text: hostOf(p.cfg.ErasureURL)})
	by, err := p.holder.Check(ctx)
	if answer, ok := errors.AsType[interface {
		error
		Status() int
	}](err); ok && (answer.Status() == http.StatusUnauthorized || answer.Status() == http.StatusNotFound) {
		return fails(c, err, authserver.FaultSecret)
	}
	if err != nil {
		return fails(c, err, authserver.FaultUnreachable)
	}
	if !by.Since.IsZero() {
		c.Facts = slices.Insert(c.Facts, 0, authserver.HealthFact{Name: "since", At: by.Since})
	}
	if by.Version != "" {
		c.Facts = slices.Insert(c.Facts, 0, authserver.HealthFact{Name: "version", Text: by.Version})
	}
	return c
}

// farBehind is when a replica of the database is worth a look.
const farBehind = 10 * time.Second

func (p *parts) askDatabase(ctx context.Context) authserver.Component {
	f, err := p.db.Facts(ctx)
	c := known(authserver.HealthFact{Name: "version", Text: f.Version})
	if err != nil {
		return fails(c, err, authserver.FaultError)
	}
	c.Facts = append(c.Facts, authserver.HealthFact{Name: "size", N: f.Size, Unit: authserver.UnitBytes},
		authserver.HealthFact{Name: "connections", N: int64(f.InUse), Of: int64(f.Most)})
	if s := f.Server; s != nil {
		role := map[bool]string{false: "primary", true: "standby"}[s.Standby]
		c.Facts = append(c.Facts, authserver.HealthFact{Name: "server", N: int64(s.Connections), Of: int64(s.Most)},
			authserver.HealthFact{Name: "role", Word: role}, authserver.HealthFact{Name: "replicas", N: int64(s.Replicas)})
		if s.LagKnown {
			c.Facts = append(c.Facts, authserver.HealthFact{Name: "lag", N: s.Lag.Milliseconds(), Unit: authserver.UnitMilliseconds})
		}
		if s.Lag > farBehind {
			c.State, c.Why = authserver.ComponentBehind, authserver.FaultReplica
		}
	}
	switch err := p.db.Writable(ctx); {
	case errors.Is(err, database.ErrReadOnly):
		return fails(c, err, authserver.FaultReadOnly)
	case err != nil:
		return fails(c, err, authserver.FaultError)
	}
	return c
}

func (p *parts) askCache(ctx context.Context) authserver.Component {
	if p.cfg.RedisURL == "" {
		return known(authserver.HealthFact{Name: "kind", Word: "process"})
	}
	c := known(authserver.HealthFact{Name: "version", Text: "Redis"})
	if err := p.cache.Ping(ctx); err != nil {
		return fails(c, err, authserver.FaultUnreachable)
	}
	f, _, err := cache.FactsOf(ctx, p.cache)
	if err != nil { // its user may not send INFO
		return c
	}
	c.Facts[0].Text += " " + f.Version
	if f.Cluster {
		c.Facts = append(c.Facts, authserver.HealthFact{Name: "kind", Word: "cluster"})
		return c // the rest would be of one node
	}
	role := map[string]string{"master": "primary", "slave": "standby"}[f.Role]
	c.Facts = append(c.Facts, authserver.HealthFact{Name: "memory", N: f.Used, Of: f.Most, Unit: authserver.UnitBytes},
		authserver.HealthFact{Name: "eviction", Text: f.Eviction})
	if f.Sentinels {
		c.Facts = append(c.Facts, authserver.HealthFact{Name: "kind", Word: "sentinels"})
	}
	if role != "" {
		c.Facts = append(c.Facts, authserver.HealthFact{Name: "role", Word: role}, authserver.HealthFact{Name: "replicas", N: int64(f.Replicas)})
	}
	return c
}

func (p *parts) askEmail(ctx context.Context) authserver.Component {
	if p.sender == nil {
		return off
	}
	c := known(authserver.HealthFact{Name: "host", Text: hostOf(p.cfg.SMTPURL)}, authserver.HealthFact{Name: "sent", Word: "never"})
	if at := p.sent.Load(); at != 0 {
		c.Facts[1] = authserver.HealthFact{Name: "sent", At: time.UnixMicro(at)}
	}
	c = p.waiting(ctx, c, authserver.OutboxEmail)
	if err := p.sender.Check(ctx); err != nil {
		return fails(c, err, authserver.FaultUnreachable)
	}
	return c
}

func (p *parts) askErasure(ctx context.Context) authserver.Component {
	if p.holder == nil {
		return off
	}
	return p.waiting(ctx, known(), authserver.OutboxEraseFamily)
}

// waiting is c with what waits for it in the outbox. It works as long as none has failed.
func (p *parts) waiting(ctx context.Context, c authserver.Component, kind string) authserver.Component {
	w, err := p.store.CountOutbox(ctx, kind)
	if err != nil {
		return fails(c, err, authserver.FaultError)
	}
	c.Facts = append(c.Facts, queued(w)...)
	if w.Attempts > 1 {
		c.Fail(authserver.FaultUndelivered)
	}
	return c
}

func queued(w backlog.Waiting) []authserver.HealthFact {
	facts := []authserver.HealthFact{{Name: "waits", N: w.Rows}}
	if w.Rows > 0 {
		facts = append(facts, authserver.HealthFact{Name: "oldest", At: w.Oldest})
	}
	return facts
}

// sealLate is how long an event may wait for its seal, which takes seconds.
const sealLate = 5 * time.Minute

func (p *parts) askEvents(ctx context.Context) authserver.Component {
	if p.events.Keys == nil {
		return off
	}
	w, err := p.store.CountUnsealed(ctx, "")
	c := known(queued(w)...)
	if err != nil {
		return fails(c, err, authserver.FaultError)
	}
	if w.Rows > 0 && now().Sub(w.Oldest) > sealLate {
		c.State, c.Why = authserver.ComponentBehind, authserver.FaultWaits
	}
	return c
}

func (p *parts) askSweep(context.Context) authserver.Component {
	last := p.sweeps.Last()
	if last == nil {
		return known(authserver.HealthFact{Name: "finished", Word: "never"})
	}
	c := known(authserver.HealthFact{Name: "finished", At: last.At})
	if !last.Ran && last.Err == nil {
		c.Facts = append(c.Facts, authserver.HealthFact{Name: "rows", Word: "another"})
	} else {
		c.Facts = append(c.Facts, authserver.HealthFact{Name: "rows", N: last.Rows},
			authserver.HealthFact{Name: "took", N: last.Took.Milliseconds(), Unit: authserver.UnitMilliseconds})
	}
	if last.Err != nil {
		c.Fail(authserver.FaultError)
	}
	return c
}

// hostOf is the host of an address, which may hold a secret; "": there is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
