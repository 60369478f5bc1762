package config

import (
	"errors"
	"fmt"
	"time"
)

// Limits are how often a credential may call, here and at the resource API:
// give both the same. Requests an hour; 0 is unlimited.
type Limits struct {
	LimitStandard   int64 `env:"AUTH_RATE_LIMIT_STANDARD" envDefault:"100"`
	LimitPremium    int64 `env:"AUTH_RATE_LIMIT_PREMIUM" envDefault:"1000"`
	LimitEnterprise int64 `env:"AUTH_RATE_LIMIT_ENTERPRISE" envDefault:"10000"`
	LimitOAuth      int64 `env:"AUTH_RATE_LIMIT_OAUTH" envDefault:"10000"` // access tokens, per user and client

	// LimitAway is what happens to limits while Redis is away: "local" counts in
	// each replica, "refuse" answers 503.
	LimitAway string `env:"AUTH_RATE_LIMIT_AWAY" envDefault:"local"`

	KeyUseInterval time.Duration `env:"AUTH_KEY_USE_INTERVAL" envDefault:"1m"` // how often the last use of one API key is written at most
}

func (l *Limits) check() error {
	var errs []error
	for name, n := range map[string]int64{
		"AUTH_RATE_LIMIT_STANDARD": l.LimitStandard, "AUTH_RATE_LIMIT_PREMIUM": l.LimitPremium,
		"AUTH_RATE_LIMIT_ENTERPRISE": l.LimitEnterprise, "AUTH_RATE_LIMIT_OAUTH": l.LimitOAuth,
	} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("%s must be 0 (unlimited) or more", name))
		}
	}
	if l.LimitAway != "local" && l.LimitAway != "refuse" {
		errs = append(errs, errors.New("AUTH_RATE_LIMIT_AWAY must be local or refuse"))
	}
	if l.KeyUseInterval <= 0 {
		errs = append(errs, errors.New("AUTH_KEY_USE_INTERVAL must be more than 0"))
	}
	return errors.Join(errs...)
}
