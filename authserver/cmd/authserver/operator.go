package main

import (
	"context"

	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/database"
)

// operatorPages builds what the operator's pages stand on.
func (p *parts) operatorPages(d *web.Dependencies) {
	d.Operator = operator.New(operator.Dependencies{
		Store: p.store, People: d.People, Recovery: d.Recovery, Clients: d.Clients, Consents: d.Consents, Keys: d.Keys,
		Now: now, Version: version, Health: p.health,
	})
}

// health asks what this server stands on.
func (p *parts) health(ctx context.Context) []operator.Component {
	engine, cache := "PostgreSQL", "Redis"
	if p.db.Engine() == database.SQLite {
		engine = "SQLite"
	}
	if p.cfg.RedisURL == "" {
		cache = "in this process"
	}
	all := []operator.Component{
		{Name: "database", Text: engine, Err: p.db.Writable(ctx)},
		{Name: "cache", Text: cache, Err: p.cache.Ping(ctx)},
	}
	if p.cfg.ErasureURL != "" {
		all = append(all, operator.Component{Name: "erasure", Text: p.cfg.ErasureURL, Err: p.canErase(ctx)})
	}
	return all
}
