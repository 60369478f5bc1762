package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/pkg/settings"
)

// People is every setting about accounts. Each works when unset.
type People struct {
	Signup            string        `env:"AUTH_SIGNUP" envDefault:"open"`             // open, invite or closed
	SigninLifetime    time.Duration `env:"AUTH_SIGNIN_LIFETIME" envDefault:"720h"`    // absolute life of a browser's sign-in
	SigninIdle        time.Duration `env:"AUTH_SIGNIN_IDLE" envDefault:"168h"`        // a sign-in not used for so long is over
	AIAvailable       bool          `env:"AUTH_AI_AVAILABLE" envDefault:"false"`      // whether people may switch AI features on
	HashQueue         int           `env:"AUTH_PASSWORD_QUEUE" envDefault:"256"`      // password checks that may wait for a core
	PasswordMemory    uint32        `env:"AUTH_PASSWORD_MEMORY" envDefault:"19456"`   // KiB that argon2id takes for a password
	PasswordPasses    uint32        `env:"AUTH_PASSWORD_PASSES" envDefault:"2"`       // of argon2id over it
	EncryptionKey     string        `env:"AUTH_ENCRYPTION_KEY"`                       // 32 bytes in base64 or hex, for second-factor secrets; unset: kept beside the SQLite file
	EncryptionKeysOld []string      `env:"AUTH_ENCRYPTION_KEYS_OLD"`                  // earlier keys, still readable
	ErasureURL        string        `env:"AUTH_ERASURE_URL"`                          // the resource API's internal address; unset: nothing is sent
	ErasureSecret     string        `env:"AUTH_ERASURE_SECRET"`                       // its bearer secret
	ErasureGrace      time.Duration `env:"AUTH_ERASURE_GRACE" envDefault:"168h"`      // how long a deleted account can be restored; 0s: not at all
	InvitationLife    time.Duration `env:"AUTH_INVITATION_LIFETIME" envDefault:"72h"` // of a family invitation

	ThrottleSignin       Throttle `env:"AUTH_THROTTLE_SIGNIN" envDefault:"10/1m,30/1h,100/24h"`       // failed sign-ins per email address
	ThrottleAddress      Throttle `env:"AUTH_THROTTLE_SIGNIN_ADDRESS" envDefault:"240/1m,3000/1h"`    // sign-ins per client address
	ThrottleSecondFactor Throttle `env:"AUTH_THROTTLE_SECOND_FACTOR" envDefault:"10/1m,20/1h,60/24h"` // second factors per user
	ThrottleSignup       Throttle `env:"AUTH_THROTTLE_SIGNUP" envDefault:"120/1m,1000/1h"`            // sign-ups per client address
	ThrottleInvite       Throttle `env:"AUTH_THROTTLE_INVITE" envDefault:"10/1m,60/1h"`               // wrong invite codes per client address
	ThrottleReset        Throttle `env:"AUTH_THROTTLE_RESET" envDefault:"3/15m,10/24h"`               // password resets per email address
	ThrottleToken        Throttle `env:"AUTH_THROTTLE_TOKEN" envDefault:"600/1m"`                     // refused token requests per client address
}

func (p *People) check() error {
	var errs []error
	complain := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New(text))
		}
	}
	complain(p.Signup != "open" && p.Signup != "invite" && p.Signup != "closed", "AUTH_SIGNUP must be open, invite or closed")
	complain(p.SigninLifetime <= 0 || p.SigninIdle <= 0, "AUTH_SIGNIN_LIFETIME and AUTH_SIGNIN_IDLE must be more than 0")
	complain(p.InvitationLife <= 0, "AUTH_INVITATION_LIFETIME must be more than 0")
	complain(p.ErasureGrace < 0, "AUTH_ERASURE_GRACE must not be negative")
	complain(p.HashQueue < 1, "AUTH_PASSWORD_QUEUE must be at least 1")
	complain(p.PasswordMemory < 8 || p.PasswordMemory > 256*1024, "AUTH_PASSWORD_MEMORY must be between 8 and 262144 KiB")
	complain(p.PasswordPasses < 1 || p.PasswordPasses > 16, "AUTH_PASSWORD_PASSES must be between 1 and 16")
	complain((p.ErasureURL == "") != (p.ErasureSecret == ""), "AUTH_ERASURE_URL and AUTH_ERASURE_SECRET go together")
	if p.EncryptionKey != "" {
		_, err := settings.Bytes(p.EncryptionKey, encryptionKeyLength)
		complain(err != nil, fmt.Sprintf("AUTH_ENCRYPTION_KEY %v", err))
	}
	for _, key := range p.EncryptionKeysOld {
		_, err := settings.Bytes(key, encryptionKeyLength)
		complain(err != nil, fmt.Sprintf("AUTH_ENCRYPTION_KEYS_OLD: each %v", err))
	}
	return errors.Join(errs...)
}

// cheapPasswords reports whether hashes would cost less than the least of OWASP's
// choices for argon2id (Password Storage Cheat Sheet): 7 MiB five times over.
func (p *People) cheapPasswords() bool {
	return p.PasswordMemory < 7*1024 || p.PasswordMemory*p.PasswordPasses < 5*7*1024
}

const encryptionKeyLength = 32 // bytes

// Throttle is a list of limits such as 10/1m,30/1h: at most ten attempts within
// a minute and thirty within an hour. "off" or "" does not limit.
type Throttle []struct {
	Max    int
	Window time.Duration
}

// UnmarshalText reads the list.
func (t *Throttle) UnmarshalText(text []byte) error {
	*t = nil
	if s := strings.TrimSpace(string(text)); s == "" || s == "off" {
		return nil
	}
	for item := range strings.SplitSeq(string(text), ",") {
		count, window, ok := strings.Cut(strings.TrimSpace(item), "/")
		n, err := strconv.Atoi(count)
		d, err2 := time.ParseDuration(window)
		if !ok || err != nil || err2 != nil || n < 1 || d < time.Second {
			return fmt.Errorf("%q is no limit: write attempts/window, such as 10/1m", item)
		}
		*t = append(*t, struct {
			Max    int
			Window time.Duration
		}{n, d})
	}
	return nil
}
