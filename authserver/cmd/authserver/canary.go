package main

import (
	"net/http"
	"time"

	"latchkey/authserver/internal/canary"
)

// canaryTimeout bounds one request of the canary.
const canaryTimeout = 5 * time.Second

// canary is the worker that finds out how long the resource API accepts what was
// revoked; nil when nobody wants it.
func (p *parts) canary() worker {
	c := &canary.Canary{
		Store: p.store, Grants: p.grants, HTTP: &http.Client{Timeout: canaryTimeout}, Logger: p.log, Now: time.Now,
		Email: p.cfg.CanaryEmail, URL: p.cfg.APIURL, Every: p.cfg.CanaryInterval, Life: p.cfg.CanaryLife,
	}
	c.Register(p.metrics)
	if p.cfg.CanaryEmail == "" {
		return nil
	}
	return c.Run
}
