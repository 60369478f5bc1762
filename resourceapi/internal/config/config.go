// Package config reads the resource API's settings from the environment.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/introspection"
	"latchkey/pkg/settings"
	"latchkey/resourceapi"
)

// Config is every setting. Each works when unset; deploy/env.example lists them.
type Config struct {
	Addr           string   `env:"API_ADDR" envDefault:"127.0.0.1:8081"`
	OpsAddr        string   `env:"API_OPS_ADDR" envDefault:"127.0.0.1:8091"`
	URL            string   `env:"API_URL" envDefault:"http://127.0.0.1:8081"`
	Issuer         string   `env:"API_ISSUER" envDefault:"http://127.0.0.1:8080"`
	RedisURL       string   `env:"API_REDIS_URL"`
	LogLevel       string   `env:"API_LOG_LEVEL" envDefault:"info"`
	TrustedProxies []string `env:"API_TRUSTED_PROXIES"`

	// DatabaseURL is what requests are served from; without one it is
	// DefaultDatabaseURL. MigrationURL, when set, is the same database as its
	// owner: migrations run there, and the role of DatabaseURL is granted what
	// requests need.
	DatabaseURL  string `env:"API_DATABASE_URL"`
	MigrationURL string `env:"API_MIGRATION_DATABASE_URL"`
	Migrate      bool   `env:"API_MIGRATE" envDefault:"true"`
	MaxConns     int    `env:"API_DATABASE_CONNECTIONS" envDefault:"16"`
	Named        bool   // whether API_DATABASE_URL names the database
	// Production refuses a database role that row security does not bind.
	Production bool `env:"API_PRODUCTION"`

	IntrospectionURL     string        `env:"API_INTROSPECTION_URL"`
	ClientID             string        `env:"API_INTROSPECTION_CLIENT_ID"`
	ClientSecret         string        `env:"API_INTROSPECTION_CLIENT_SECRET"`
	IntrospectionTimeout time.Duration `env:"API_INTROSPECTION_TIMEOUT" envDefault:"3s"`
	CredentialCache      int           `env:"API_CREDENTIAL_CACHE" envDefault:"50000"`
	// CredentialLife is the most time from sending an ask about a credential to the
	// arrival of a request that its answer serves.
	CredentialLife time.Duration `env:"API_CREDENTIAL_LIFE" envDefault:"1s"`

	ErasureSecret string `env:"API_ERASURE_SECRET"`

	BrandingSettings

	Unknown []string // names in the environment that look like settings and are none

	DefaultCurrency string        `env:"API_DEFAULT_CURRENCY" envDefault:"USD"`
	DefaultTimeZone string        `env:"API_DEFAULT_TIME_ZONE" envDefault:"UTC"`
	RequestTimeout  time.Duration `env:"API_REQUEST_TIMEOUT" envDefault:"15s"`
	BodyLimit       int64         `env:"API_BODY_LIMIT" envDefault:"1048576"`
	DrainDelay      time.Duration `env:"API_DRAIN_DELAY" envDefault:"0s"`
	Drain           time.Duration `env:"API_DRAIN" envDefault:"10s"`
	SweepInterval   time.Duration `env:"API_SWEEP_INTERVAL" envDefault:"1m"`
	SyncRetention   time.Duration `env:"API_SYNC_RETENTION" envDefault:"720h"` // how long a sync is remembered

	// Requests an hour by tier; 0 is unlimited. LimitAway says what happens while
	// replicas cannot count together: "local" counts in each replica, "refuse"
	// answers 503.
	LimitStandard   int64  `env:"API_RATE_LIMIT_STANDARD" envDefault:"100"`
	LimitPremium    int64  `env:"API_RATE_LIMIT_PREMIUM" envDefault:"1000"`
	LimitEnterprise int64  `env:"API_RATE_LIMIT_ENTERPRISE" envDefault:"10000"`
	LimitOAuth      int64  `env:"API_RATE_LIMIT_OAUTH" envDefault:"10000"`
	LimitAway       string `env:"API_RATE_LIMIT_AWAY" envDefault:"local"`

	// KeyUseInterval is the shortest time between two reports about the same API key
	// to the authorization server.
	KeyUseInterval time.Duration `env:"API_KEY_USE_INTERVAL" envDefault:"1s"`

	// Workers recompute balances: how many at once, how often each looks for work
	// of other replicas, and how long it may hold a family's.
	Workers       int           `env:"API_WORKERS" envDefault:"2"`
	WorkerPoll    time.Duration `env:"API_WORKER_POLL" envDefault:"1s"`
	WorkerLease   time.Duration `env:"API_WORKER_LEASE" envDefault:"1m"`
	WorkerTries   int           `env:"API_WORKER_TRIES" envDefault:"10"`
	WorkerBackoff time.Duration `env:"API_WORKER_BACKOFF" envDefault:"1s"`
}

// DefaultDatabaseURL is a SQLite file beside the process.
const DefaultDatabaseURL = "sqlite:data/api.db"

// Secure reports whether the API is served over https: then clients are told to
// stay with it.
func (c Config) Secure() bool { return strings.HasPrefix(c.URL, "https://") }

// Level returns the log level.
func (c Config) Level() slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return slog.LevelInfo // check has refused any other text
	}
	return l
}

// Read reads and checks the settings of environ (name → value). The error names
// everything that is wrong.
func Read(environ map[string]string) (Config, error) {
	var c Config
	unread := settings.Read(&c, environ)
	unknown, misspelt := settings.Unknown(c, environ, "API_", func(string) bool { return false })
	c.Unknown, c.Named = unknown, c.DatabaseURL != ""
	c.URL, c.Issuer = strings.TrimRight(c.URL, "/"), strings.TrimRight(c.Issuer, "/")
	if c.IntrospectionURL == "" {
		c.IntrospectionURL = c.Issuer + "/oauth/introspect"
	}
	if err := errors.Join(unread, misspelt, c.check(), c.BrandingSettings.check()); err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	if c.DatabaseURL == "" {
		c.DatabaseURL = DefaultDatabaseURL
	}
	return c, nil
}

const minErasureSecret = 32

func (c *Config) check() error {
	var errs []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	errs = append(errs, settings.CheckAddress("API_ADDR", c.Addr), settings.CheckAddress("API_OPS_ADDR", c.OpsAddr),
		database.CheckURL("API_DATABASE_URL", c.DatabaseURL), database.CheckURL("API_MIGRATION_DATABASE_URL", c.MigrationURL),
		cache.CheckURL("API_REDIS_URL", c.RedisURL))
	for name, text := range map[string]string{"API_URL": c.URL, "API_ISSUER": c.Issuer, "API_INTROSPECTION_URL": c.IntrospectionURL} {
		u, err := url.Parse(text)
		complain(err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https", "%s must be an http or https URL", name)
		complain(err == nil && name == "API_URL" && (u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Path != path.Clean(u.Path) && u.Path != ""),
			"API_URL must have a plain path and no query, fragment or user: it is the API's identifier")
	}
	for name, d := range map[string]time.Duration{
		"API_INTROSPECTION_TIMEOUT": c.IntrospectionTimeout, "API_KEY_USE_INTERVAL": c.KeyUseInterval, "API_REQUEST_TIMEOUT": c.RequestTimeout, "API_DRAIN": c.Drain, "API_SWEEP_INTERVAL": c.SweepInterval,
		"API_WORKER_POLL": c.WorkerPoll, "API_WORKER_LEASE": c.WorkerLease, "API_WORKER_BACKOFF": c.WorkerBackoff,
	} {
		complain(d <= 0, "%s must be more than 0", name)
	}
	complain(c.DrainDelay < 0 || c.DrainDelay > 5*time.Minute, "API_DRAIN_DELAY must be between 0s and 5m")
	for name, n := range map[string]int64{
		"API_RATE_LIMIT_STANDARD": c.LimitStandard, "API_RATE_LIMIT_PREMIUM": c.LimitPremium,
		"API_RATE_LIMIT_ENTERPRISE": c.LimitEnterprise, "API_RATE_LIMIT_OAUTH": c.LimitOAuth,
	} {
		complain(n < 0, "%s must be 0 (unlimited) or more", name)
	}
	_, errCurrency := resourceapi.ParseCurrency(c.DefaultCurrency)
	_, errZone := resourceapi.ParseTimeZone(c.DefaultTimeZone)
	complain(errZone != nil, "API_DEFAULT_TIME_ZONE must be a name of the IANA time zone database such as Europe/Berlin")
	complain(errCurrency != nil, "API_DEFAULT_CURRENCY must be a currency code such as USD")
	complain(c.CredentialLife <= 0 || c.CredentialLife > introspection.MaxLife, "API_CREDENTIAL_LIFE must be more than 0 and at most 1m")
	complain(c.LimitAway != "local" && c.LimitAway != "refuse", "API_RATE_LIMIT_AWAY must be local or refuse")
	complain(c.SyncRetention < resourceapi.SyncStaleAfter, "API_SYNC_RETENTION must be at least %s", resourceapi.SyncStaleAfter)
	complain(c.BodyLimit < 1024, "API_BODY_LIMIT must be at least 1024 bytes")
	complain(c.MaxConns < 1, "API_DATABASE_CONNECTIONS must be at least 1")
	complain(c.Workers < 0, "API_WORKERS must be 0 (none in this process) or more")
	complain(c.WorkerTries < 1, "API_WORKER_TRIES must be at least 1")
	complain(c.ErasureSecret != "" && len(c.ErasureSecret) < minErasureSecret, "API_ERASURE_SECRET must have at least %d characters", minErasureSecret)
	complain((c.ClientID == "") != (c.ClientSecret == ""), "API_INTROSPECTION_CLIENT_ID and API_INTROSPECTION_CLIENT_SECRET go together")
	for _, p := range c.TrustedProxies {
		_, errPrefix := netip.ParsePrefix(p)
		_, errAddr := netip.ParseAddr(p)
		complain(errPrefix != nil && errAddr != nil, "API_TRUSTED_PROXIES: %q is neither an address nor a CIDR range", p)
	}
	var level slog.Level
	complain(level.UnmarshalText([]byte(c.LogLevel)) != nil, "API_LOG_LEVEL must be debug, info, warn or error")
	return errors.Join(errs...)
}
