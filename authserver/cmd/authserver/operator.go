package main

import (
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/cli"
)

// operatorPages builds what the operator's pages stand on.
func (p *parts) operatorPages(d *web.Dependencies) {
	d.Operator = operator.New(operator.Dependencies{
		Store: p.store, People: d.People, Recovery: d.Recovery, Clients: d.Clients, Consents: d.Consents, Keys: d.Keys,
		Now: now, Logger: p.log, Version: cli.VersionOf(version), Health: p.probes(),
	})
}
