package database

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// CheckURL complains when text is neither empty nor the URL of a database; name
// is the setting's. It quotes nothing of the URL: it may hold a password.
func CheckURL(name, text string) error {
	switch {
	case text == "", strings.HasPrefix(text, "sqlite:"):
		return nil
	case !isPostgres(text):
		return fmt.Errorf("%s must start with sqlite: or postgres://", name)
	}
	cfg, err := pgx.ParseConfig(text)
	if err != nil { // the parser's error may quote what it could not read
		return fmt.Errorf("%s cannot be read as postgres://user:password@host:5432/database?sslmode=require "+
			"(special characters of a password are written as %%40)", name)
	}
	switch cfg.DefaultQueryExecMode {
	case pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol:
		return fmt.Errorf("%s: default_query_exec_mode must not be exec or simple_protocol; leave it out: "+
			"what suits PgBouncer is found out at start", name)
	}
	return nil
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// User is the role that the URL of a PostgreSQL connects as.
func User(url string) (string, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return "", CheckURL("the URL", url)
	}
	return cfg.User, nil
}
