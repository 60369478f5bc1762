package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/config"
	"latchkey/authserver/internal/household"
	"latchkey/pkg/httpserver"
)

// people builds the use cases of persons, with the encryption key if there is one.
func (p *parts) people() (*account.Service, error) { return p.peopleWith(readKey) }

// peopleWith builds the use cases of persons with the key that kept returns where
// AUTH_ENCRYPTION_KEY is not set.
func (p *parts) peopleWith(kept func(path string) (string, error)) (*account.Service, error) {
	c := p.cfg.People
	sealer, err := sealerOf(p.cfg, kept)
	if err != nil {
		return nil, err
	}
	holder, err := p.household()
	if err != nil {
		return nil, err
	}
	var asked account.FamilyData
	if holder != nil {
		asked = holder
	}
	return account.New(account.Dependencies{
		FamilyData: asked,
		Store:      p.store, Grants: p.grants, Keys: p.keys, Limiter: p.limiter, Sealer: sealer, Events: p.events, Logger: p.log, Now: now,
		Delivered: p.deliveries(),
		Settings: account.Settings{
			Name: p.cfg.Branding.Name, Signup: c.Signup, SigninLifetime: c.SigninLifetime, SigninIdle: c.SigninIdle, AIAvailable: c.AIAvailable,
			HashQueue: c.HashQueue, HashCost: account.HashCost{Memory: c.PasswordMemory, Passes: c.PasswordPasses}, InvitationLife: c.InvitationLife,
			ErasureGrace: c.ErasureGrace, Erases: c.ErasureURL != "", Emails: p.cfg.SMTPURL != "",
			Throttles: account.Throttles{
				SigninAccount: c.ThrottleSignin, SigninAddress: c.ThrottleAddress, SecondFactor: c.ThrottleSecondFactor,
				Signup: c.ThrottleSignup, Invite: c.ThrottleInvite, Token: c.ThrottleToken, Reset: c.ThrottleReset,
				Registration: p.cfg.ThrottleRegistration,
			},
		},
	}), nil
}

// tokenThrottle limits by client address how often the token endpoint refuses, and how
// much waits for people.
type tokenThrottle struct{ people *account.Service }

func (t tokenThrottle) Refused(ctx context.Context) time.Duration {
	return t.people.TokenRefused(ctx, httpserver.ClientAddr(ctx).String())
}

func (t tokenThrottle) Waiting(ctx context.Context, w account.PendingRequest) error {
	return t.people.Waiting(ctx, httpserver.ClientAddr(ctx).String(), w)
}

func (t tokenThrottle) Registering(ctx context.Context) time.Duration {
	return t.people.Registering(ctx, httpserver.ClientAddr(ctx).String())
}

// sealer reads the encryption key or, when none is set, the one in the file beside
// the data. Without any, everything works but the second factor; with one
// that is no key nothing starts, or people who have a second factor would find out.
func sealerOf(c config.Config, kept func(path string) (string, error)) (*account.Sealer, error) {
	key, old := c.EncryptionKey, c.EncryptionKeysOld
	if key == "" {
		var err error
		key, err = kept(keyFile(c))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			slog.Warn("no second factor can be set up: AUTH_ENCRYPTION_KEY is not set and none can be kept", "error", err)
			return nil, nil
		}
		if !strings.HasPrefix(c.DatabaseURL, "sqlite:") {
			slog.Warn("AUTH_ENCRYPTION_KEY is not set: replicas must share the file that was made instead", "file", keyFile(c))
		}
	}
	s, err := account.NewSealer(key, old...)
	if err != nil {
		return nil, fmt.Errorf("AUTH_ENCRYPTION_KEY: %w", err)
	}
	return s, nil
}

// keyOf is the encryption key; "": there is none.
func keyOf(c config.Config) string {
	if c.EncryptionKey != "" {
		return c.EncryptionKey
	}
	key, _ := readKey(keyFile(c)) // there may be none
	return key
}

func keyFile(c config.Config) string {
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		return filepath.Join(filepath.Dir(strings.TrimPrefix(path, "//")), "encryption.key")
	}
	return filepath.Join("data", "encryption.key")
}

// readKey reads the key in path.
func readKey(path string) (string, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the operator chose the folder
	if err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// keepKey reads the key in path, making one when there is none. Of two servers
// that start together one makes it.
func keepKey(path string) (string, error) {
	if key, err := readKey(path); !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	key := account.NewSealKey()
	temporary, err := os.CreateTemp(filepath.Dir(path), ".encryption-*")
	if err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // a leftover does no harm
	_, err = temporary.WriteString(key + "\n")
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	// A link, unlike a rename, fails when another server was first.
	if err := os.Link(temporary.Name(), path); errors.Is(err, fs.ErrExist) {
		return readKey(path)
	} else if err != nil {
		return "", fmt.Errorf("encryption key: %w", err)
	}
	return key, nil
}

var errNoErasure = errors.New("AUTH_ERASURE_URL is not set: nobody tells the resource API of deleted families")

// canErase is a check: whether the data of a deleted family is erased.
func (p *parts) canErase(context.Context) error {
	if p.cfg.ErasureURL == "" {
		return errNoErasure
	}
	return nil
}

// outbox returns the worker that tells the resource API what it must know;
// nil: nobody said where it is.
func (p *parts) outbox(people *account.Service) (worker, error) {
	client, err := p.household()
	if err != nil {
		return nil, err
	}
	if client == nil {
		p.log.Warn("the data of deleted families stays for ever", "error", errNoErasure)
		return nil, nil
	}
	return func(ctx context.Context) { people.RunOutbox(ctx, client) }, nil
}

// household returns the client of the resource API; nil: nobody said where it is.
func (p *parts) household() (*household.Client, error) {
	if p.cfg.ErasureURL == "" || p.holder != nil {
		return p.holder, nil
	}
	var err error
	if p.holder, err = household.New(p.cfg.ErasureURL, p.cfg.ErasureSecret); err != nil {
		return nil, fmt.Errorf("AUTH_ERASURE_URL: %w", err)
	}
	return p.holder, nil
}
