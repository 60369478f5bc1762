package main

import (
	"context"
	"errors"
	"net/url"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web"
)

// operatorPages builds what the operator's pages stand on.
func (p *parts) operatorPages(d *web.Dependencies) {
	d.Operator = operator.New(operator.Dependencies{
		Store: p.store, People: d.People, Recovery: d.Recovery, Clients: d.Clients, Consents: d.Consents, Keys: d.Keys,
		Now: now, Version: version, Health: p.health,
	})
}

// errUndelivered: work waits that was tried in vain.
var errUndelivered = errors.New("deliveries fail")

// health asks what this server stands on.
func (p *parts) health(ctx context.Context) []operator.Component {
	engine, err := p.db.Version(ctx)
	cache := ""
	if p.cfg.RedisURL != "" {
		cache = "Redis"
	}
	return []operator.Component{
		{Name: "database", Text: engine, Err: errors.Join(err, p.db.Writable(ctx))},
		{Name: "cache", Text: cache, Err: p.cache.Ping(ctx)},
		p.delivered(ctx, "erasure", p.cfg.ErasureURL, authserver.OutboxEraseFamily),
		p.delivered(ctx, "email", hostOf(p.cfg.SMTPURL), authserver.OutboxEmail),
	}
}

// delivered tells of what messages of a kind go to. It works as long as none has failed.
func (p *parts) delivered(ctx context.Context, name, to, kind string) operator.Component {
	waits, err := p.store.CountOutbox(ctx, kind)
	if err == nil && waits.Attempts > 1 {
		err = errUndelivered
	}
	return operator.Component{Name: name, Text: to, Off: to == "", Err: err, Waits: &waits}
}

// hostOf is the host of an address, which may hold a secret; "": there is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
