package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/config"
	"latchkey/authserver/internal/credential"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/household"
	"latchkey/authserver/internal/mail"
	"latchkey/authserver/internal/oauth"
	"latchkey/authserver/internal/places"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/cache"
	"latchkey/pkg/cli"
	"latchkey/pkg/database"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/retention"
	"latchkey/pkg/settings"
	"latchkey/pkg/span"
)

// parts is everything below the listeners, which the server and the command
// line share.
type parts struct {
	cfg          config.Config
	log          *slog.Logger
	flush        func()
	metrics      *prometheus.Registry
	db           *database.DB
	cache        cache.Store
	publisher    *introspection.Publisher
	store        *store.Store
	events       *event.Recorder
	oauthMetrics *oauth.Counters
	grants       *grant.Service
	credentials  *credential.Introspector
	registration *registration.Service
	limiter      ratelimit.Limiter
	keys         *apikey.Service
	uses         *keyuse.Recorder // of keys and applications, and of the instance
	sweeps       *retention.Sweeper
	places       *places.Places // of addresses; nil: none is known
	started      time.Time
	sent         atomic.Int64 // when this replica sent an email last, in microseconds since 1970; 0: not yet

	latest     config.Config // as it was last read; of reload alone
	level      *slog.LevelVar
	spans      *span.Exporter    // nil: none are recorded
	sender     *mail.Sender      // nil: no emails are sent
	holder     *household.Client // nil: nobody said where the resource API is
	renewals   []renewal         // what a reload renews
	forgetting []func()          // what a reload forgets
}

// clock is this host's, until serve has it go by the database's (0065).
var clock = database.Clock{Host: time.Now}

func now() time.Time { return clock.Now().UTC().Truncate(time.Microsecond) }

// readSettings reads the settings from the environment and from files.
func readSettings() (config.Config, error) { return config.Read(settings.Environ()) }

// assemble builds the parts that all commands share. A database that nobody named
// is told of on standard error and, unless the command is to make it, must be there.
func assemble(ctx context.Context, makes bool) (*parts, error) {
	cfg, err := readSettings()
	if err != nil {
		return nil, err
	}
	if !cfg.Named {
		if err := database.WarnDefault(os.Stderr, "authserver", "AUTH_DATABASE_URL", cfg.DatabaseURL, makes); err != nil {
			return nil, err
		}
	}
	p := &parts{cfg: cfg, latest: cfg, started: now(), level: new(slog.LevelVar), metrics: httpserver.NewRegistry(cli.VersionOf(version))}
	if err := p.level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return nil, err
	}
	p.log, p.flush = httpserver.NewLogger(os.Stderr, p.level)
	slog.SetDefault(p.log)
	if cfg.Places != "" {
		if p.places, err = places.Open(cfg.Places); err != nil {
			return nil, fmt.Errorf("AUTH_PLACES: %w", err)
		}
	}
	if p.db, err = database.Open(ctx, cfg.DatabaseURL, database.Options{MaxConnections: cfg.MaxConns, Logger: p.log}); err != nil {
		return nil, err
	}
	p.store = store.New(p.db)
	quiet := slog.New(slog.DiscardHandler) // a command says itself what it did
	p.events = &event.Recorder{Store: p.store, Chain: p.store, Logger: quiet, Now: now, Actor: authserver.ActorOperator}
	p.openEventKeys()
	emails := &account.Emails{Store: p.store, Events: p.events, Now: now, On: cfg.SMTPURL != ""}
	p.events.Followers = append(p.events.Followers, emails.Notify)
	if p.cache, err = cache.Open(cfg.RedisURL, cache.Options{Now: now, Logger: p.log}); err != nil {
		p.close()
		return nil, err
	}
	var shared cache.Store // nothing to tell resource servers through a store they do not share
	if cfg.RedisURL != "" {
		shared = p.cache
	}
	p.publisher = introspection.NewPublisher(shared, p.log, p.metrics)
	if err := p.openKeys(); err != nil {
		p.close()
		return nil, err
	}
	p.events.Counted = p.count
	p.openGrants()
	p.credentials = &credential.Introspector{Tokens: p.grants, Keys: p.store, Issuer: cfg.Issuer, Now: now}
	p.registration = &registration.Service{
		Store: p.store, Grants: p.grants, Events: p.events, Now: now,
		Mode: cfg.Registration, Schemes: cfg.PrivateSchemes,
	}
	return p, nil
}

// openGrants builds the rules of grants.
func (p *parts) openGrants() {
	p.oauthMetrics = oauth.NewMetrics(p.metrics, p.uses.Happened)
	p.grants = grant.New(grant.Dependencies{
		Store: p.store, Publisher: p.publisher, Metrics: p.oauthMetrics, Events: p.events, Logger: p.log, Now: now,
		Settings: grant.Settings{
			CodeLifetime: p.cfg.CodeLifetime, AccessLifetime: p.cfg.AccessLifetime, RefreshLifetime: p.cfg.RefreshLifetime,
			Lifetime: p.cfg.GrantLifetime, RetryWindow: p.cfg.RetryWindow, MaxLive: p.cfg.MaxGrants, MaxCodes: p.cfg.MaxCodes,
			CodesPerMinute: p.cfg.CodesPerMinute, RefreshesPerMinute: p.cfg.RefreshesPerMinute,
		},
	})
}

// ready makes the database one that this build can work on, or says that it is
// not.
func (p *parts) ready(ctx context.Context) error {
	if p.cfg.Migrate {
		return p.prepare(ctx)
	}
	if err := p.store.CheckCompatible(ctx); err != nil {
		return err
	}
	steps, err := p.store.Migrations(ctx)
	if err != nil {
		return err
	}
	if name := database.Missing(steps); name != "" {
		return fmt.Errorf("the database lacks %s, and AUTH_MIGRATE is off: run authserver migrate up", name)
	}
	return p.ensureClients(ctx)
}

// prepare migrates and makes the built-in clients exist.
func (p *parts) prepare(ctx context.Context) error {
	if err := p.store.Migrate(ctx); err != nil {
		return err
	}
	return p.ensureClients(ctx)
}

func (p *parts) ensureClients(ctx context.Context) error {
	if err := p.store.EnsureFirstParty(ctx, now()); err != nil {
		return err
	}
	if p.cfg.ResourceServerID == "" {
		return nil
	}
	if err := p.registration.Ensure(ctx, resourceServer(p.cfg), 0); err != nil {
		return fmt.Errorf("AUTH_RESOURCE_SERVER_CLIENT_ID: %w", err)
	}
	return nil
}

// resourceServer is the deployment's own.
func resourceServer(c config.Config) registration.Request {
	return registration.Request{
		ID: c.ResourceServerID, Name: "Resource API", AuthMethod: authserver.AuthBasic,
		ResourceServer: true, Secret: c.ResourceServerSecret,
	}
}

func (p *parts) close() {
	if p.cache != nil {
		_ = p.cache.Close() // the process ends
	}
	_ = p.db.Close() // the process ends
	p.flush()
}

// withParts runs a command of the command line on a database that is up to date.
func withParts(ctx context.Context, fn func(p *parts) error) error {
	p, err := assemble(ctx, false)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.ready(ctx); err != nil {
		return err
	}
	return fn(p)
}
