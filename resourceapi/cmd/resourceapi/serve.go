package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/backlog"
	"latchkey/pkg/cache"
	"latchkey/pkg/cli"
	"latchkey/pkg/database"
	"latchkey/pkg/doctor"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/settings"
	"latchkey/pkg/span"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/api"
	"latchkey/resourceapi/internal/balance"
	"latchkey/resourceapi/internal/config"
	"latchkey/resourceapi/internal/store"
)

// readSettings reads the settings from the environment and from files.
func readSettings() (config.Config, error) { return config.Read(settings.Environ()) }

// tellPlace says which database is used where nobody named one. Unless the command
// is to make it, it must be there.
func tellPlace(cfg config.Config, makes bool) error {
	if cfg.Named {
		return nil
	}
	return database.WarnDefault(os.Stderr, "resourceapi", "API_DATABASE_URL", cfg.DatabaseURL, makes)
}

// parts is everything the service is made of, in the order it is built.
type parts struct {
	cfg      config.Config
	log      *slog.Logger
	metrics  *prometheus.Registry
	db       *database.DB
	cache    cache.Store
	store    *store.Store
	client   *introspection.Client
	answers  *introspection.Cached
	limiter  ratelimit.Limiter
	uses     *keyuse.Recorder // nil: uses are not reported
	guard    *guard.Guard
	closings []func() error
	started  time.Time

	latest   config.Config // as it was last read; of reload alone
	level    *slog.LevelVar
	spans    *span.Exporter // nil: none are recorded
	reporter *keyuse.Client // nil: uses are not reported
	erasure  *guard.Shared  // nil: nobody may erase
}

func serve(ctx context.Context, args []string) (err error) {
	defer runtime.KeepAlive(httpserver.GCBallast())
	fs, _ := cli.Flags("resourceapi serve")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	cfg, err := readSettings()
	if err != nil {
		return err
	}
	if err := tellPlace(cfg, true); err != nil {
		return err
	}
	level := new(slog.LevelVar)
	level.Set(cfg.Level())
	log, flush := httpserver.NewLogger(os.Stderr, level)
	defer flush()
	slog.SetDefault(log)
	if len(cfg.Unknown) > 0 {
		log.WarnContext(ctx, "settings that nobody reads", "names", cfg.Unknown)
	}
	p := &parts{cfg: cfg, latest: cfg, started: time.Now(), level: level, log: log, metrics: httpserver.NewRegistry(cli.VersionOf(version))}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.spans, err = span.New(settings.Environ(), "resourceapi", cli.VersionOf(version), log, p.metrics); err != nil {
		return err
	}
	if err := p.openDatabase(ctx); err != nil {
		return err
	}
	if err := p.openGuard(ctx); err != nil {
		return err
	}
	return p.run(ctx)
}

func (p *parts) close() error {
	var err error
	for i := len(p.closings) - 1; i >= 0; i-- {
		err = errors.Join(err, p.closings[i]())
	}
	return err
}

func (p *parts) openDatabase(ctx context.Context) error {
	sqlite := strings.HasPrefix(p.cfg.DatabaseURL, "sqlite:")
	migrates := p.cfg.Migrate || sqlite
	if migrates {
		if err := migrateUp(ctx, p.cfg); err != nil {
			return err
		}
	}
	db, err := database.Open(ctx, p.cfg.DatabaseURL, database.Options{MaxConnections: p.cfg.MaxConns, Logger: p.log})
	if err != nil {
		return err
	}
	p.db = db
	p.closings = append(p.closings, db.Close)
	if err := p.checkRole(ctx); err != nil {
		return err
	}
	if !migrates {
		if err := store.CheckCompatible(ctx, db); err != nil {
			return err
		}
		steps, err := db.Migrations(ctx, store.Migrations())
		if err != nil {
			return err
		}
		if name := database.Missing(steps); name != "" {
			return fmt.Errorf("the database lacks %s, and API_MIGRATE is off: run resourceapi migrate up", name)
		}
	}
	if err := db.Warn(ctx); err != nil {
		return err
	}
	currency, err := resourceapi.ParseCurrency(p.cfg.DefaultCurrency)
	if err != nil {
		return fmt.Errorf("API_DEFAULT_CURRENCY %w", err)
	}
	p.store = store.New(db, store.Options{
		Currency: currency, TimeZone: resourceapi.TimeZone(p.cfg.DefaultTimeZone), Now: time.Now, Logger: p.log, KeepSyncs: p.cfg.SyncRetention,
	})
	db.Register(p.metrics)
	backlog.Register(p.metrics, time.Now, p.log, backlog.Queue{Name: "jobs", Kinds: store.JobKinds(), Count: p.store.CountJobs})
	return nil
}

// checkRole refuses, in production, a role that row security does not bind.
func (p *parts) checkRole(ctx context.Context) error {
	may, err := p.db.Privileges(ctx)
	if err != nil {
		return fmt.Errorf("ask for the privileges of the database role: %w", err)
	}
	if !may.Superuser && !may.BypassRLS {
		if may.Owner && p.cfg.Production {
			p.log.WarnContext(ctx, "the database role owns tables; let another role migrate (API_MIGRATION_DATABASE_URL)")
		}
		return nil
	}
	if p.cfg.Production {
		return errors.New("API_DATABASE_URL names a superuser or a role with BYPASSRLS, which row security does not bind")
	}
	p.log.WarnContext(ctx, "the database role bypasses row security; set API_PRODUCTION=true to refuse such a role")
	return nil
}

func (p *parts) openGuard(ctx context.Context) error {
	var err error
	if p.cache, err = cache.Open(p.cfg.RedisURL, cache.Options{Now: time.Now, Logger: p.log}); err != nil {
		return err
	}
	p.closings = append(p.closings, p.cache.Close)
	cache.Register(p.metrics, p.cache)
	if err := cache.Check(ctx, "API_REDIS_URL", p.cache); err != nil {
		return err
	}
	var shared cache.Store
	if p.cfg.RedisURL != "" {
		shared = p.cache
	}
	p.client, err = introspection.NewClient(introspection.ClientOptions{
		Endpoint: p.cfg.IntrospectionURL, ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret,
		Timeout: p.cfg.IntrospectionTimeout, Now: time.Now, Logger: p.log, Registerer: p.metrics,
	})
	if err != nil {
		return err
	}
	p.answers, err = introspection.NewCached(p.client, introspection.CachedOptions{
		Life: p.cfg.CredentialLife, Store: shared, Now: time.Now, Logger: p.log, Registerer: p.metrics,
		Timeout: p.cfg.IntrospectionTimeout, Size: p.cfg.CredentialCache,
	})
	if err != nil {
		return err
	}
	p.closings = append(p.closings, func() error { p.client.Close(); return nil })
	p.limiter, err = ratelimit.New(p.cache, ratelimit.Options{
		Now: time.Now, Logger: p.log, Policy: ratelimit.Policy(p.cfg.LimitAway), Registerer: p.metrics,
	})
	if err != nil {
		return err
	}
	if err := p.openUses(); err != nil {
		return err
	}
	p.guard, err = guard.New(guard.Options{
		Introspector: p.answers, Limiter: p.limiter, Uses: p.uses, Now: time.Now, Life: p.cfg.CredentialLife,
		Resource: p.cfg.URL, MetadataURL: api.MetadataURL(p.cfg.URL),
		Tiers: ratelimit.Tiers{
			ratelimit.TierStandard: p.cfg.LimitStandard, ratelimit.TierPremium: p.cfg.LimitPremium,
			ratelimit.TierEnterprise: p.cfg.LimitEnterprise, ratelimit.TierUnlimited: 0, ratelimit.TierOAuth: p.cfg.LimitOAuth,
		},
	})
	return err
}

// openUses starts the reports to the authorization server about used API keys and
// applications.
func (p *parts) openUses() error {
	if p.cfg.ClientID == "" {
		return nil
	}
	reporter, err := keyuse.NewClient(p.cfg.IntrospectionURL, p.cfg.ClientID, p.cfg.ClientSecret)
	if err != nil {
		return err
	}
	p.reporter = reporter
	p.closings = append(p.closings, func() error { reporter.Close(); return nil })
	p.uses, err = keyuse.NewRecorder(keyuse.Options{
		Sink: reporter.Report, Now: time.Now, Logger: p.log, Interval: p.cfg.KeyUseInterval, Others: 15 * p.cfg.KeyUseInterval,
	})
	return err
}

// run serves requests and runs the workers until ctx ends. The workers stop after
// the last request.
func (p *parts) run(ctx context.Context) error {
	handler, err := p.handler()
	if err != nil {
		return err
	}
	cli.OnHangup(ctx, p.reload)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, work := range p.workers() {
		running.Go(func() { work(background) })
	}
	err = httpserver.Run(ctx, httpserver.Options{
		Addr: p.cfg.Addr, OpsAddr: p.cfg.OpsAddr, Handler: handler, Registry: p.metrics, Logger: p.log,
		Timeout: p.cfg.RequestTimeout, Leave: p.cfg.DrainDelay, Drain: p.cfg.Drain,
		Checks:   map[string]httpserver.Check{"database": p.db.Ping},
		Optional: map[string]httpserver.Check{"cache": p.cache.Ping, "database writes": p.db.Writable},
	})
	stop()
	running.Wait()
	return err
}

func (p *parts) workers() []func(ctx context.Context) {
	worker := balance.NewWorker(balance.Options{
		Store: p.store, Logger: p.log, Poll: p.cfg.WorkerPoll, Lease: p.cfg.WorkerLease, Tries: p.cfg.WorkerTries, Backoff: p.cfg.WorkerBackoff,
	}, p.metrics)
	list := []func(ctx context.Context){p.db.RunCheckpoints, p.answers.Run, p.uses.Run, p.spans.Run, p.compareSettings, sweeper(p.cfg, p.db, p.store, p.log, p.metrics).Run}
	if p.cfg.RedisURL != "" {
		list = append(list, func(ctx context.Context) { doctor.Announce(ctx, p.cache, "resourceapi", p.cfg.Issuer) })
	}
	for range p.cfg.Workers {
		list = append(list, worker.Run)
	}
	return list
}
