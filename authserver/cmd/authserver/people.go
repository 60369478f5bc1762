package main

import (
	"latchkey/authserver/internal/account"
)

// people builds the use cases of persons.
func (p *parts) people() *account.Service {
	c := p.cfg.People
	return account.New(account.Dependencies{
		Store: p.store, Logger: p.log, Now: now,
		Settings: account.Settings{
			Signup: c.Signup, SigninLifetime: c.SigninLifetime, SigninIdle: c.SigninIdle,
			AIAvailable: c.AIAvailable, HashQueue: c.HashQueue,
		},
	})
}
