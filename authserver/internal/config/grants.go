package config

import (
	"errors"
	"fmt"
	"time"
)

// Grants are life times and limits of what clients are given.
type Grants struct {
	CodeLifetime    time.Duration `env:"AUTH_CODE_LIFETIME" envDefault:"60s"`
	AccessLifetime  time.Duration `env:"AUTH_ACCESS_TOKEN_LIFETIME" envDefault:"8760h"`
	RefreshLifetime time.Duration `env:"AUTH_REFRESH_TOKEN_LIFETIME" envDefault:"8760h"`
	GrantLifetime   time.Duration `env:"AUTH_CHAIN_LIFETIME" envDefault:"43800h"`
	RetryWindow     time.Duration `env:"AUTH_REFRESH_RETRY_WINDOW" envDefault:"1m"`
	GrantRetention  time.Duration `env:"AUTH_GRANT_RETENTION" envDefault:"720h"` // how long a dead grant is remembered

	// Of one user and client.
	MaxGrants          int `env:"AUTH_GRANT_LIMIT" envDefault:"100"`           // live beside each other; 0: no limit
	MaxCodes           int `env:"AUTH_CODE_LIMIT" envDefault:"10"`             // in flight beside each other; 0: no limit
	CodesPerMinute     int `env:"AUTH_CODES_PER_MINUTE" envDefault:"300"`      // in each replica; 0: no limit
	RefreshesPerMinute int `env:"AUTH_REFRESHES_PER_MINUTE" envDefault:"3000"` // in each replica; 0: no limit
}

func (g *Grants) check() error {
	var errs []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for name, d := range map[string]time.Duration{
		"AUTH_CODE_LIFETIME": g.CodeLifetime, "AUTH_ACCESS_TOKEN_LIFETIME": g.AccessLifetime,
		"AUTH_REFRESH_TOKEN_LIFETIME": g.RefreshLifetime,
	} {
		complain(d <= 0, "%s must be more than 0", name)
	}
	complain(g.CodeLifetime > 10*time.Minute, "AUTH_CODE_LIFETIME must be at most 10m (RFC 6749 section 4.1.2)")
	complain(g.GrantLifetime < 0, "AUTH_CHAIN_LIFETIME must be 0 (none) or more")
	complain(g.RetryWindow < 0 || g.RetryWindow > time.Hour, "AUTH_REFRESH_RETRY_WINDOW must be between 0s (off) and 1h")
	complain(g.GrantRetention < 0, "AUTH_GRANT_RETENTION must be 0s or more")
	complain(g.MaxGrants < 0 || g.MaxGrants > 1000, "AUTH_GRANT_LIMIT must be between 0 (no limit) and 1000")
	complain(g.MaxCodes < 0 || g.MaxCodes > 1000, "AUTH_CODE_LIMIT must be between 0 (no limit) and 1000")
	complain(g.CodesPerMinute < 0, "AUTH_CODES_PER_MINUTE must be 0 (no limit) or more")
	complain(g.RefreshesPerMinute < 0, "AUTH_REFRESHES_PER_MINUTE must be 0 (no limit) or more")
	return errors.Join(errs...)
}
