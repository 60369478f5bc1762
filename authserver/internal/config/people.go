package config

import (
	"errors"
	"time"
)

// People are the settings about persons: signing up and signing in.
type People struct {
	Signup         string        `env:"AUTH_SIGNUP" envDefault:"open"`
	SigninLifetime time.Duration `env:"AUTH_SIGNIN_LIFETIME" envDefault:"720h"`
	SigninIdle     time.Duration `env:"AUTH_SIGNIN_IDLE" envDefault:"168h"`
	HashQueue      int           `env:"AUTH_PASSWORD_QUEUE" envDefault:"256"`
	AIAvailable    bool          `env:"AUTH_AI_AVAILABLE" envDefault:"false"`
}

func (p People) check() error {
	var errs []error
	switch p.Signup {
	case "open", "invite", "closed":
	default:
		errs = append(errs, errors.New("AUTH_SIGNUP must be open, invite or closed"))
	}
	if p.SigninLifetime <= 0 || p.SigninIdle <= 0 {
		errs = append(errs, errors.New("AUTH_SIGNIN_LIFETIME and AUTH_SIGNIN_IDLE must be more than 0"))
	}
	if p.HashQueue < 1 {
		errs = append(errs, errors.New("AUTH_PASSWORD_QUEUE must be at least 1"))
	}
	return errors.Join(errs...)
}
