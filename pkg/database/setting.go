package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

type settingKey struct{}

type setting struct{ name, value string }

// WithSetting returns a context under which every statement, by hand or of gorm's,
// and every transaction on PostgreSQL runs with the setting name = value, for row
// security policies to read. The setting travels in the same network trip as
// the statement, or as the beginning of the transaction, and ends with it. On
// SQLite, which has no row security, no statement carries it.
func WithSetting(ctx context.Context, name, value string) context.Context {
	return context.WithValue(ctx, settingKey{}, setting{name, value})
}

// Setting returns the value that WithSetting gave to name in ctx, "" when there is
// none.
func Setting(ctx context.Context, name string) string {
	if s, ok := ctx.Value(settingKey{}).(setting); ok && s.name == name {
		return s.value
	}
	return ""
}

func (db *DB) settingOf(ctx context.Context) (setting, bool) {
	if db.pool == nil {
		return setting{}, false
	}
	s, ok := ctx.Value(settingKey{}).(setting)
	return s, ok
}

const setConfig = "SELECT set_config($1, $2, true)"

// send pipelines the setting and the statement: between two syncs PostgreSQL runs
// both in one implicit transaction, so the setting is local to it. The results are
// the statement's.
func send(ctx context.Context, pool *pgxpool.Pool, s setting, text string, args []any) (pgx.BatchResults, error) {
	batch := &pgx.Batch{}
	batch.Queue(setConfig, s.name, s.value)
	batch.Queue(text, args...)
	results := pool.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		return nil, errors.Join(err, ignoreSame(err, results.Close()))
	}
	return results, nil
}

func ignoreSame(first, second error) error {
	if second == nil || first.Error() == second.Error() {
		return nil
	}
	return second
}

func (db *DB) queryRowWith(ctx context.Context, s setting, text string, args []any) Row {
	return Row{func(dest ...any) error {
		results, err := send(ctx, db.pool, s, text, args)
		if err != nil {
			return err
		}
		err = results.QueryRow().Scan(dest...)
		if closed := results.Close(); err == nil {
			err = closed
		}
		return err
	}}
}

func (db *DB) queryWith(ctx context.Context, s setting, text string, args []any) (batchRows, error) {
	results, err := send(ctx, db.pool, s, text, args)
	if err != nil {
		return batchRows{}, err
	}
	rows, err := results.Query()
	if err != nil {
		return batchRows{}, errors.Join(err, ignoreSame(err, results.Close()))
	}
	return batchRows{pgxRows{rows}, results}, nil
}

func (db *DB) execWith(ctx context.Context, s setting, text string, args []any) (int64, error) {
	results, err := send(ctx, db.pool, s, text, args)
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag.RowsAffected(), err
}

type batchRows struct {
	pgxRows
	results pgx.BatchResults
}

func (r batchRows) Close() error {
	err := r.pgxRows.Close()
	if closed := r.results.Close(); err == nil {
		err = Translate(closed)
	}
	return err
}

const rollbackTimeout = 5 * time.Second

// transactionWith runs fn in a transaction with a setting: BEGIN and the setting
// are one trip.
func (db *DB) transactionWith(ctx context.Context, s setting, fn func(orm *gorm.DB) error) error {
	if strings.ContainsAny(s.name+s.value, `'\`) {
		return errors.New("database: a setting holds a quote")
	}
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // gives the connection back to the pool, which drops one that is still in a transaction
	raw := func(ctx context.Context, text string) (tag string, err error) {
		err = conn.Raw(func(c any) error {
			got, err := c.(*stdlib.Conn).Conn().Exec(ctx, text, pgx.QueryExecModeSimpleProtocol)
			tag = got.String()
			return err
		})
		return tag, err
	}
	if _, err := raw(ctx, "BEGIN; SELECT set_config('"+s.name+"', '"+s.value+"', true)"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // also on a panic: the connection must not go back open
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
			defer cancel()
			_, _ = raw(late, "ROLLBACK") // fn's error is the one to report; a connection that cannot roll back is dropped
		}
	}()
	orm := db.orm.Session(&gorm.Session{NewDB: true, Context: ctx})
	orm.Statement.ConnPool = conn
	if err := fn(orm); err != nil {
		return err
	}
	tag, err := raw(ctx, "COMMIT")
	if err != nil {
		return err
	}
	done = true
	if tag != "COMMIT" {
		return fmt.Errorf("database: commit answered %s", tag)
	}
	return nil
}

// Privileges says what the connected role may do beside its grants. On SQLite
// nothing of it applies.
type Privileges struct {
	Superuser bool
	BypassRLS bool
	Owner     bool // owns a table of the current schema
}

// Privileges asks PostgreSQL about the connected role.
func (db *DB) Privileges(ctx context.Context) (Privileges, error) {
	var p Privileges
	if db.pool == nil {
		return p, nil
	}
	err := db.QueryRow(ctx, `
		SELECT r.rolsuper, r.rolbypassrls,
		       EXISTS (SELECT 1 FROM pg_tables t WHERE t.schemaname = current_schema() AND t.tableowner = current_user)
		FROM pg_roles r WHERE r.rolname = current_user`).Scan(&p.Superuser, &p.BypassRLS, &p.Owner)
	return p, err
}
