package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/config"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/cache"
	"latchkey/pkg/settings"
)

// reload reads the settings again, which come from files: what the environment says
// stays as it was at start. A wrong value changes nothing, and the log says why; so it
// does of values that need a restart.
func (p *parts) reload(ctx context.Context) {
	var level slog.Level
	var renewed []string
	next, err := readSettings()
	if err == nil {
		err = level.UnmarshalText([]byte(next.LogLevel))
	}
	if err == nil {
		renewed, err = settings.Renew(ctx, next, p.renewals)
	}
	if err != nil {
		p.log.ErrorContext(ctx, "settings were not read again: what was set before stays", "error", err)
		return
	}
	for _, forget := range p.forgetting {
		forget()
	}
	now, late := settings.Renewed(p.latest, next, append(renewed, "AUTH_LOG_LEVEL"))
	provided, changed := p.latest.SSO.Differs(next.SSO)
	now, late = append(now, provided...), append(late, changed...)
	p.latest = next
	p.level.Set(min(p.level.Level(), level)) // either of them may hide the line
	p.log.WarnContext(ctx, "settings were read again", "changed", now, "need_a_restart", late)
	p.level.Set(level)
}

type renewal = settings.Renewal[config.Config]

// renews collects what a reload renews in a server. The client of the deployment's own
// resource server is last, for that is a row, and can fail when all else is well.
func (p *parts) renews(people *account.Service, single *sso.Service) {
	p.renewals = []renewal{
		{Names: []string{"AUTH_DATABASE_URL"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			if !settings.SameButPassword(p.latest.DatabaseURL, next.DatabaseURL) {
				return nil, settings.ErrOtherPlace
			}
			return p.db.Renewal(next.DatabaseURL)
		}},
		{Names: []string{"AUTH_REDIS_URL"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			if !settings.SameButPassword(p.latest.RedisURL, next.RedisURL) {
				return nil, settings.ErrOtherPlace
			}
			return cache.Renewal(p.cache, next.RedisURL)
		}},
		{Prepare: func(_ context.Context, next config.Config) (func(), error) {
			return func() { single.Renew(providersOf(next)) }, nil
		}},
	}
	if p.sender != nil {
		p.renewals = append(p.renewals, renewal{Names: []string{"AUTH_SMTP_URL", "AUTH_SMTP_PASSWORD"}, Prepare: p.renewMail})
	}
	if p.holder != nil {
		p.renewals = append(p.renewals, renewal{Names: []string{"AUTH_ERASURE_SECRET"}, Prepare: func(_ context.Context, next config.Config) (func(), error) {
			return func() { p.holder.Renew(next.ErasureSecret) }, nil
		}})
	}
	if people.CanSeal() && p.events.Keys != nil {
		known := keysOf(p.cfg)
		p.renewals = append(p.renewals, renewal{
			Names: []string{"AUTH_ENCRYPTION_KEY", "AUTH_ENCRYPTION_KEYS_OLD"},
			Prepare: func(ctx context.Context, next config.Config) (func(), error) {
				given := keysOf(next)
				if slices.Equal(given, known) {
					return func() {}, nil // the database is not asked: it may be its password that is new
				}
				apply, err := p.renewKeys(ctx, people, next)
				if err != nil {
					return nil, err
				}
				return func() {
					apply()
					known = given
				}, nil
			},
		})
	}
	if p.cfg.ResourceServerID != "" {
		p.renewals = append(p.renewals, renewal{Names: []string{"AUTH_RESOURCE_SERVER_CLIENT_SECRET"}, Prepare: p.renewResourceServer})
	}
}

func (p *parts) renewMail(_ context.Context, next config.Config) (func(), error) {
	if !settings.SameButPassword(p.latest.SMTPURL, next.SMTPURL) {
		return nil, settings.ErrOtherPlace
	}
	return p.sender.Renewal(next.SMTPURL, next.SMTPPassword)
}

// renewKeys takes other encryption keys, of which one opens what the database holds.
func (p *parts) renewKeys(ctx context.Context, people *account.Service, next config.Config) (func(), error) {
	sealer, err := sealerOf(next, readKey)
	if err != nil {
		return nil, err
	}
	if sealer == nil {
		return nil, errors.New("the encryption key is gone")
	}
	seal, err := people.KeyRenewal(ctx, sealer)
	if err != nil {
		return nil, err
	}
	keys, err := event.NewKeys(keyOf(next), next.EncryptionKeysOld...)
	if err != nil {
		return nil, err
	}
	return func() { seal(); p.events.Keys.Renew(keys) }, nil
}

// keysOf are the encryption keys, that of the file beside the data among them.
func keysOf(c config.Config) []string { return append([]string{keyOf(c)}, c.EncryptionKeysOld...) }

// renewalOverlap is how long the secret of the deployment's own resource server goes on
// being accepted after a new one was read: its replicas read it later.
const renewalOverlap = time.Hour

func (p *parts) renewResourceServer(ctx context.Context, next config.Config) (func(), error) {
	if next.ResourceServerID != p.latest.ResourceServerID || next.ResourceServerSecret == p.latest.ResourceServerSecret {
		return func() {}, nil // another id is named as one that waits for a restart
	}
	return func() {}, p.registration.Ensure(ctx, resourceServer(next), renewalOverlap)
}

// providersOf are the providers of single sign-on.
func providersOf(c config.Config) []sso.Provider {
	all := make([]sso.Provider, 0, len(c.SSO.Providers))
	for _, one := range c.SSO.Providers {
		all = append(all, sso.Provider(one))
	}
	return slices.Clip(all)
}
