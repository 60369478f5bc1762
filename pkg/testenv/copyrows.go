package testenv

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// never is how a column of days says "never": it is left as it is.
const never = 1<<31 - 1

// CopyRows adds n copies of every row of a PostgreSQL table that where chooses.
// Values of unique indexes are made up anew; each time, and each number of a day
// (a column called …_day), lies so many days further back as daysBack says, an SQL
// expression of i, the number of the copy. set gives columns another value, as
// expressions of i too. It returns how many rows were added.
func CopyRows(ctx context.Context, conn *pgx.Conn, table, where string, n int, daysBack string, set map[string]string) (int64, error) {
	columns, err := columnsOf(ctx, conn, table)
	if err != nil {
		return 0, err
	}
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i] = pgx.Identifier{c.name}.Sanitize()
		if values[i] = set[c.name]; values[i] == "" {
			values[i] = c.copied(names[i], daysBack)
		}
	}
	tag, err := conn.Exec(ctx, fmt.Sprintf("INSERT INTO %[1]s (%[2]s) SELECT %[3]s FROM %[1]s, generate_series(1, %[4]d) i WHERE %[5]s",
		table, strings.Join(names, ", "), strings.Join(values, ", "), n, where))
	if err != nil {
		return 0, fmt.Errorf("testenv: copy rows of %s: %w", table, err)
	}
	return tag.RowsAffected(), nil
}

type column struct {
	name, kind string
	unique     bool
}

func columnsOf(ctx context.Context, conn *pgx.Conn, table string) ([]column, error) {
	rows, err := conn.Query(ctx, `SELECT a.attname, a.atttypid::regtype::text,
			EXISTS (SELECT 1 FROM pg_index x WHERE x.indrelid = a.attrelid AND x.indisunique AND a.attnum = ANY (x.indkey))
		FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, table)
	if err != nil {
		return nil, fmt.Errorf("testenv: columns of %s: %w", table, err)
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c column, err error) {
		return c, row.Scan(&c.name, &c.kind, &c.unique)
	})
	if err == nil && len(columns) == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		return nil, fmt.Errorf("testenv: columns of %s: %w", table, err)
	}
	return columns, nil
}

// copied is the value of the column in a copy.
func (c column) copied(name, daysBack string) string {
	switch {
	case c.unique && c.kind == "uuid":
		return "gen_random_uuid()"
	case c.unique && c.kind == "bytea":
		return fmt.Sprintf("substring(sha256(uuid_send(gen_random_uuid())) FOR octet_length(%s))", name) // NULL stays NULL
	case c.unique && c.kind == "text":
		return "gen_random_uuid()::text"
	case strings.HasPrefix(c.kind, "timestamp"), c.kind == "date":
		return fmt.Sprintf("(%s - (%s) * interval '1 day')::%s", name, daysBack, c.kind)
	case strings.HasSuffix(c.name, "_day"):
		return fmt.Sprintf("CASE WHEN %[1]s = %[2]d THEN %[1]s ELSE (%[1]s - (%[3]s))::%[4]s END", name, never, daysBack, c.kind)
	}
	return name
}
