package database

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// CheckCompatible complains when the schema has gone on to where this program
// cannot follow. Each schema says which programs can work on it, in the one row of
// schema_compatibility: a migration that those of before cannot work on raises
// the number, and so does the program that brings it. A database without the
// table takes every program.
func (db *DB) CheckCompatible(ctx context.Context, program int) error {
	var schema int
	err := db.QueryRow(ctx, "SELECT max(number) FROM schema_compatibility").Scan(&schema)
	switch {
	case noSuchTable(err):
		return nil
	case err != nil:
		return fmt.Errorf("database: compatibility of the schema: %w", err)
	case schema > program:
		return fmt.Errorf("the database is newer than this program: its schema has compatibility %d, the program %d. "+
			"Start the newer version, or restore the backup of before", schema, program)
	}
	return nil
}

func noSuchTable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "42P01"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && strings.Contains(lite.Error(), "no such table")
}
