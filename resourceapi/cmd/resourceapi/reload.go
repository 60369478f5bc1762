package main

import (
	"context"

	"latchkey/pkg/cache"
	"latchkey/pkg/settings"
	"latchkey/resourceapi/internal/config"
)

// reload reads the settings again, which come from files: what the environment says
// stays as it was at start. A wrong value changes nothing, and the log says why; so it
// does of values that need a restart.
func (p *parts) reload(ctx context.Context) {
	var renewed []string
	next, err := readSettings()
	if err == nil {
		renewed, err = settings.Renew(ctx, next, p.renewals())
	}
	if err != nil {
		p.log.ErrorContext(ctx, "settings were not read again: what was set before stays", "error", err)
		return
	}
	level := next.Level()
	now, late := settings.Renewed(p.latest, next, append(renewed, "API_LOG_LEVEL"))
	p.latest = next
	p.level.Set(min(p.level.Level(), level)) // either of them may hide the line
	p.log.WarnContext(ctx, "settings were read again", "changed", now, "need_a_restart", late)
	p.level.Set(level)
}

type renewal = settings.Renewal[config.Config]

// renewals are what a reload renews.
func (p *parts) renewals() []renewal {
	list := []renewal{
		{Names: []string{"API_DATABASE_URL"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			if !settings.SameButPassword(p.latest.DatabaseURL, next.DatabaseURL) {
				return nil, settings.ErrOtherPlace
			}
			return p.db.Renewal(next.DatabaseURL)
		}},
		{Names: []string{"API_REDIS_URL"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			if !settings.SameButPassword(p.latest.RedisURL, next.RedisURL) {
				return nil, settings.ErrOtherPlace
			}
			return cache.Renewal(p.cache, next.RedisURL)
		}},
		{Names: []string{"API_INTROSPECTION_CLIENT_SECRET"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			return func() {
				p.client.Renew(next.ClientSecret)
				if p.reporter != nil {
					p.reporter.Renew(next.ClientSecret)
				}
			}, nil
		}},
	}
	if p.erasure != nil {
		list = append(list, renewal{Names: []string{"API_ERASURE_SECRET"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			return func() { p.erasure.Renew(next.ErasureSecret) }, nil // never empty: that of a file that is empty is refused
		}})
	}
	return list
}
