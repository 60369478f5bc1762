package main

import (
	"latchkey/authserver/internal/clientdoc"
	"latchkey/authserver/internal/oauth"
	"latchkey/pkg/httpserver"
)

// documents finds clients by the addresses of their metadata; nil: the operator
// switched that off.
func (p *parts) documents() (oauth.Documents, error) {
	if p.cfg.Documents != "on" {
		return nil, nil
	}
	networks, err := httpserver.ParsePrefixes(p.cfg.DocumentNetworks)
	if err != nil {
		return nil, err
	}
	return clientdoc.New(clientdoc.Options{Networks: networks, Schemes: p.cfg.PrivateSchemes, Now: now, Logger: p.log}), nil
}
