package config

import (
	"errors"
	"time"

	"latchkey/authserver"
)

// Canary is who finds out, again and again, how long the resource API accepts what
// was revoked.
type Canary struct {
	CanaryEmail    string        `env:"AUTH_CANARY_EMAIL"`                    // of an account of its own; unset: nobody
	CanaryInterval time.Duration `env:"AUTH_CANARY_INTERVAL" envDefault:"1m"` // between two rounds of a replica
	CanaryLife     time.Duration `env:"AUTH_CANARY_LIFE" envDefault:"1s"`     // API_CREDENTIAL_LIFE of the resource API
}

func (c *Canary) check() error {
	var errs []error
	if c.CanaryEmail != "" && len(authserver.CheckEmail(authserver.NormalizeEmail(c.CanaryEmail))) > 0 {
		errs = append(errs, errors.New("AUTH_CANARY_EMAIL must be the email address of an account"))
	}
	if c.CanaryInterval < time.Second {
		errs = append(errs, errors.New("AUTH_CANARY_INTERVAL must be at least 1s"))
	}
	if c.CanaryLife <= 0 || c.CanaryLife > time.Minute {
		errs = append(errs, errors.New("AUTH_CANARY_LIFE must be more than 0 and at most 1m, as API_CREDENTIAL_LIFE is"))
	}
	return errors.Join(errs...)
}
