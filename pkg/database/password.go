package database

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// password is what new connections say, which may change while a service runs.
type password struct{ text atomic.Pointer[string] }

func (p *password) give(_ context.Context, cfg *pgx.ConnConfig) {
	if text := p.text.Load(); text != nil {
		cfg.Password = *text
	}
}

// Renewal returns what takes the password of url for connections that are opened from
// then on. Those that are open stay. Nothing else of url may be another.
func (db *DB) Renewal(url string) (apply func(), err error) {
	if db.pool == nil {
		return func() {}, nil
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, CheckURL("database: the URL", url)
	}
	return func() { db.pass.text.Store(&cfg.Password) }, nil
}
