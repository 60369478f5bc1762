package main

import (
	"context"
	"errors"

	"latchkey/pkg/cache"
	"latchkey/pkg/settings"
	"latchkey/resourceapi/internal/config"
)

// renewable are the settings that a SIGHUP changes in a server that runs, as far as
// they come from files: what the environment says stays as it was at start.
var renewable = []string{"API_LOG_LEVEL", "API_DATABASE_URL", "API_REDIS_URL", "API_INTROSPECTION_CLIENT_SECRET"}

// reload reads the settings again. A wrong value changes nothing, and the log says
// why; so it does of values that need a restart.
func (p *parts) reload(ctx context.Context) {
	next, err := readSettings()
	if err == nil {
		err = p.apply(next)
	}
	if err != nil {
		p.log.ErrorContext(ctx, "settings were not read again: what was set before stays", "error", err)
		return
	}
	level := next.Level()
	now, late := settings.Renewed(p.latest, next, renewable)
	p.latest = next
	p.level.Set(min(p.level.Level(), level)) // either of them may hide the line
	p.log.WarnContext(ctx, "settings were read again", "changed", now, "need_a_restart", late)
	p.level.Set(level)
}

var errOtherPlace = errors.New("another server or user than before needs a restart; only a password may change")

func (p *parts) apply(next config.Config) error {
	if !settings.SameButPassword(p.latest.DatabaseURL, next.DatabaseURL) || !settings.SameButPassword(p.latest.RedisURL, next.RedisURL) {
		return errOtherPlace
	}
	p.client.Renew(next.ClientSecret)
	if p.reporter != nil {
		p.reporter.Renew(next.ClientSecret)
	}
	return errors.Join(p.db.Renew(next.DatabaseURL), cache.Renew(p.cache, next.RedisURL))
}
