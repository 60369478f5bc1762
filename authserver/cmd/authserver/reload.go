package main

import (
	"context"
	"errors"
	"log/slog"

	"latchkey/authserver/internal/config"
	"latchkey/pkg/cache"
	"latchkey/pkg/settings"
)

// renewable are the settings that a SIGHUP changes in a server that runs, as far as
// they come from files: what the environment says stays as it was at start.
var renewable = []string{"AUTH_LOG_LEVEL", "AUTH_DATABASE_URL", "AUTH_REDIS_URL", "AUTH_SMTP_URL", "AUTH_SMTP_PASSWORD"}

// reload reads the settings again. A wrong value changes nothing, and the log says
// why; so it does of values that need a restart.
func (p *parts) reload(ctx context.Context) {
	var level slog.Level
	next, err := readSettings()
	if err == nil {
		err = errors.Join(level.UnmarshalText([]byte(next.LogLevel)), p.apply(next))
	}
	if err != nil {
		p.log.ErrorContext(ctx, "settings were not read again: what was set before stays", "error", err)
		return
	}
	for _, forget := range p.forgetting {
		forget()
	}
	now, late := settings.Renewed(p.latest, next, renewable)
	p.latest = next
	p.level.Set(min(p.level.Level(), level)) // either of them may hide the line
	p.log.WarnContext(ctx, "settings were read again", "changed", now, "need_a_restart", late)
	p.level.Set(level)
}

var errOtherPlace = errors.New("another server or user than before needs a restart; only a password may change")

func (p *parts) apply(next config.Config) error {
	if !settings.SameButPassword(p.latest.DatabaseURL, next.DatabaseURL) || !settings.SameButPassword(p.latest.RedisURL, next.RedisURL) || !settings.SameButPassword(p.latest.SMTPURL, next.SMTPURL) {
		return errOtherPlace
	}
	if p.sender != nil {
		if err := p.sender.Renew(next.SMTPURL, next.SMTPPassword); err != nil {
			return err
		}
	}
	return errors.Join(p.db.Renew(next.DatabaseURL), cache.Renew(p.cache, next.RedisURL))
}
