// Package config reads the authorization server's settings from the environment.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/settings"
)

// Config is every setting. Each works when unset; deploy/env.example lists them.
type Config struct {
	Addr     string `env:"AUTH_ADDR" envDefault:"127.0.0.1:8080"`
	OpsAddr  string `env:"AUTH_OPS_ADDR" envDefault:"127.0.0.1:8090"`
	Issuer   string `env:"AUTH_ISSUER" envDefault:"http://127.0.0.1:8080"`
	APIURL   string `env:"AUTH_API_URL" envDefault:"http://127.0.0.1:8081"`
	RedisURL string `env:"AUTH_REDIS_URL"`
	// Resources are what tokens are issued for besides the API (RFC 8707).
	Resources   []string `env:"AUTH_RESOURCES"`
	DatabaseURL string   `env:"AUTH_DATABASE_URL"` // empty: DefaultDatabaseURL
	Migrate     bool     `env:"AUTH_MIGRATE" envDefault:"true"`
	MaxConns    int      `env:"AUTH_DATABASE_CONNECTIONS" envDefault:"16"`
	LogLevel    string   `env:"AUTH_LOG_LEVEL" envDefault:"info"`

	ClientCache   time.Duration `env:"AUTH_CLIENT_CACHE" envDefault:"2s"`
	SweepInterval time.Duration `env:"AUTH_SWEEP_INTERVAL" envDefault:"1m"`

	EventRetention time.Duration `env:"AUTH_EVENT_RETENTION" envDefault:"8760h"` // how long security events are kept
	UsageRetention time.Duration `env:"AUTH_USAGE_RETENTION" envDefault:"840h"`  // how long it is known how often keys and applications were used, and from where

	RequestTimeout time.Duration `env:"AUTH_REQUEST_TIMEOUT" envDefault:"15s"`
	DrainDelay     time.Duration `env:"AUTH_DRAIN_DELAY" envDefault:"0s"`
	Drain          time.Duration `env:"AUTH_DRAIN" envDefault:"10s"`
	BodyLimit      int64         `env:"AUTH_BODY_LIMIT" envDefault:"1048576"`
	TrustedProxies []string      `env:"AUTH_TRUSTED_PROXIES"`
	Places         string        `env:"AUTH_PLACES"` // path of a database of cities in MaxMind's format; empty: places are not known

	// The credential of the deployment's own resource server. When both are set,
	// it is made to exist at start.
	ResourceServerID     string `env:"AUTH_RESOURCE_SERVER_CLIENT_ID"`
	ResourceServerSecret string `env:"AUTH_RESOURCE_SERVER_CLIENT_SECRET"`

	Named   bool     // whether AUTH_DATABASE_URL names the database
	Unknown []string // names in the environment that look like settings and are none

	Grants
	People
	SSO
	Limits
	Mail
	Connect
	BrandingSettings
	Canary
}

// DefaultDatabaseURL is a SQLite file beside the process.
const DefaultDatabaseURL = "sqlite:data/auth.db"

// Secure reports whether the issuer is served over https: then cookies are
// Secure and browsers are told to stay with https.
func (c Config) Secure() bool { return strings.HasPrefix(c.Issuer, "https://") }

// KnownResources are the identifiers of the resources that tokens are issued for,
// the API's first.
func (c Config) KnownResources() []string {
	known := []string{c.APIURL}
	for _, one := range c.Resources {
		if one = strings.TrimRight(one, "/"); !slices.Contains(known, one) {
			known = append(known, one)
		}
	}
	return known
}

// Read reads and checks the settings of environ (name → value); every complaint
// comes back at once.
func Read(environ map[string]string) (Config, error) {
	var c Config
	unread := settings.Read(&c, environ)
	unknown, misspelt := settings.Unknown(c, environ, "AUTH_", isProviders)
	c.Unknown, c.Named = unknown, c.DatabaseURL != ""
	c.Issuer, c.APIURL = strings.TrimRight(c.Issuer, "/"), strings.TrimRight(c.APIURL, "/")
	if err := errors.Join(unread, misspelt, c.check(), c.Grants.check(), c.People.check(), c.SSO.read(environ), c.SSO.check(c.Secure()), c.Mail.check(), c.Limits.check(), c.Connect.check(), c.Canary.check(), c.BrandingSettings.check()); err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	if c.DatabaseURL == "" {
		c.DatabaseURL = DefaultDatabaseURL
	}
	return c, nil
}

func (c *Config) check() error {
	var errs []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	errs = append(errs, settings.CheckAddress("AUTH_ADDR", c.Addr), settings.CheckAddress("AUTH_OPS_ADDR", c.OpsAddr),
		database.CheckURL("AUTH_DATABASE_URL", c.DatabaseURL), cache.CheckURL("AUTH_REDIS_URL", c.RedisURL))
	issuer, err := url.Parse(c.Issuer)
	complain(err != nil || issuer.Host == "" || issuer.Scheme != "http" && issuer.Scheme != "https",
		"AUTH_ISSUER must be an http or https URL")
	complain(err == nil && (issuer.Path != "" || issuer.RawQuery != "" || issuer.Fragment != "" || issuer.User != nil),
		"AUTH_ISSUER must be an origin: no path, query, fragment or user")
	complain(err == nil && (c.Issuer != strings.ToLower(c.Issuer) || issuer.Scheme == "https" && issuer.Port() == "443" ||
		issuer.Scheme == "http" && issuer.Port() == "80"),
		"AUTH_ISSUER must be written as browsers write an origin: in lower case, without the scheme's own port")
	for name, d := range map[string]time.Duration{
		"AUTH_SWEEP_INTERVAL": c.SweepInterval, "AUTH_EVENT_RETENTION": c.EventRetention, "AUTH_USAGE_RETENTION": c.UsageRetention,
		"AUTH_REQUEST_TIMEOUT": c.RequestTimeout, "AUTH_DRAIN": c.Drain,
	} {
		complain(d <= 0, "%s must be more than 0", name)
	}
	complain(c.DrainDelay < 0 || c.DrainDelay > 5*time.Minute, "AUTH_DRAIN_DELAY must be between 0s and 5m")
	complain(c.Secure() && c.cheapPasswords(), "AUTH_PASSWORD_MEMORY × AUTH_PASSWORD_PASSES must be at least 35840 KiB, "+
		"of at least 7168, where people sign in over https")
	api, err := url.Parse(c.APIURL)
	complain(err != nil || api.Host == "" || api.Scheme != "http" && api.Scheme != "https",
		"AUTH_API_URL must be an http or https URL")
	complain(err == nil && (api.RawQuery != "" || api.Fragment != "" || api.User != nil),
		"AUTH_API_URL must have no query, fragment or user: it is the API's identifier, as API_URL is")
	for _, one := range c.Resources {
		u, err := url.Parse(one)
		complain(err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil,
			"AUTH_RESOURCES: %q is no http or https URL without query, fragment and user", one)
	}
	complain(c.ClientCache < 0 || c.ClientCache > time.Minute, "AUTH_CLIENT_CACHE must be between 0s and 1m")
	complain(c.BodyLimit < 1024, "AUTH_BODY_LIMIT must be at least 1024 bytes")
	complain(c.MaxConns < 1, "AUTH_DATABASE_CONNECTIONS must be at least 1")
	complain((c.ResourceServerID == "") != (c.ResourceServerSecret == ""),
		"AUTH_RESOURCE_SERVER_CLIENT_ID and AUTH_RESOURCE_SERVER_CLIENT_SECRET go together")
	for _, p := range c.TrustedProxies {
		_, errPrefix := netip.ParsePrefix(p)
		_, errAddr := netip.ParseAddr(p)
		complain(errPrefix != nil && errAddr != nil, "AUTH_TRUSTED_PROXIES: %q is neither an address nor a CIDR range", p)
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		complain(true, "AUTH_LOG_LEVEL must be debug, info, warn or error")
	}
	return errors.Join(errs...)
}
