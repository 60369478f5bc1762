package database

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// sqliteParams: immediate transactions, or a read followed by a write fails
// under load; times as integer microseconds, because the driver's default text
// does not sort.
var sqliteParams = url.Values{
	"_txlock":              {"immediate"},
	"_inttotime":           {"1"},
	"_time_integer_format": {"unix_micro"},
	"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	},
}

// registerFold gives SQLite fold(text): text in lower case in every script, where
// its own lower and LIKE know only the letters of ASCII.
var registerFold = sync.OnceValue(func() error {
	return sqlite.RegisterDeterministicScalarFunction("fold", 1,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			if text, isText := args[0].(string); isText {
				return strings.ToLower(text), nil
			}
			return args[0], nil
		})
})

// create makes a file that does not exist yet readable to its owner alone, which
// SQLite does not; its log and index take their mode from it.
func create(path string) error {
	if strings.ContainsAny(path, "%#") || path == ":memory:" { // SQLite would name the file otherwise
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return fmt.Errorf("database: the SQLite file: %w", err)
	}
	return f.Close()
}

func openSQLite(path string, opts Options) (*DB, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.Contains(path, "?") {
		return nil, fmt.Errorf("database: the SQLite URL must be sqlite:path/to/file.db")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("database: folder of the SQLite file: %w", err)
	}
	if err := create(path); err != nil {
		return nil, err
	}
	if err := registerFold(); err != nil {
		return nil, fmt.Errorf("database: SQLite functions: %w", err)
	}
	connector, err := sqlite.NewConnector("file:" + path + "?" + sqliteParams.Encode())
	if err != nil {
		return nil, fmt.Errorf("database: open SQLite: %w", err)
	}
	sqlDB := sql.OpenDB(spansOfSQLite{connector})
	n := opts.MaxConnections
	if n <= 0 {
		n = 8
	}
	sqlDB.SetMaxOpenConns(n)
	sqlDB.SetMaxIdleConns(n)
	sqlDB.SetConnMaxIdleTime(time.Hour)
	orm, err := openORM(sqliteDialect{sqlDB}, opts)
	if err != nil {
		_ = sqlDB.Close() // the open error is the one to report
		return nil, fmt.Errorf("database: open SQLite: %w", err)
	}
	return &DB{engine: SQLite, orm: orm, sql: sqlDB, log: opts.log(), file: path}, nil
}
