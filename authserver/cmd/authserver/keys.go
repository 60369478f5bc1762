package main

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/api"
	"latchkey/authserver/internal/apikey"
	"latchkey/pkg/guard"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
)

func (p *parts) tiers() ratelimit.Tiers {
	return ratelimit.Tiers{
		ratelimit.TierStandard: p.cfg.LimitStandard, ratelimit.TierPremium: p.cfg.LimitPremium,
		ratelimit.TierEnterprise: p.cfg.LimitEnterprise, ratelimit.TierUnlimited: 0, ratelimit.TierOAuth: p.cfg.LimitOAuth,
	}
}

// openKeys builds the limiter and the use cases of API keys.
func (p *parts) openKeys() error {
	var err error
	p.limiter, err = ratelimit.New(p.cache, ratelimit.Options{
		Now: now, Logger: p.log, Policy: ratelimit.Policy(p.cfg.LimitAway), Registerer: p.metrics,
	})
	if err != nil {
		return err
	}
	p.keys = &apikey.Service{Store: p.store, Publisher: p.publisher, Tiers: p.tiers(), Events: p.events, Now: now}
	p.uses, err = keyuse.NewRecorder(keyuse.Options{
		Sink: func(ctx context.Context, r keyuse.Report) error { return p.store.StampUses(ctx, r.Uses) }, Now: now, Logger: p.log, Interval: p.cfg.KeyUseInterval,
	})
	if err != nil {
		return err
	}
	p.keys.Uses = p.uses
	if p.cfg.RedisURL != "" { // else the resource API counts in its own process, and reports
		p.keys.Usage = p.limiter
	}
	return nil
}

// count keeps how many sign-ins there were, and how many were refused.
func (p *parts) count(e *authserver.Event) {
	switch e.Kind {
	case authserver.EventSignin:
		p.uses.Happened(authserver.CountSignins)
	case authserver.EventSigninFailed:
		p.uses.Happened(authserver.CountRefused)
	}
}

// took counts how long a request took.
func (p *parts) took(d time.Duration) { p.uses.Took(authserver.LatencyBucket(d)) }

// guard lets callers in to our own JSON endpoints. Its recorder takes what
// resource servers report as well, so that each key is written once.
func (p *parts) guard() (*guard.Guard, worker, error) {
	g, err := guard.New(guard.Options{
		Introspector: p.credentials, Limiter: p.limiter, Tiers: p.tiers(), Uses: p.uses, Now: now,
		Resource: p.cfg.Issuer, OwnClient: authserver.FirstPartyClientID, Realm: api.Realm,
	})
	return g, p.uses.Run, err
}
