package testenv

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Deletion is one DELETE statement that a table has seen.
type Deletion struct {
	Rows int64
	Took time.Duration
}

// WatchDeletions has a PostgreSQL table remember the DELETE statements from now
// on, for Deletions.
func WatchDeletions(ctx context.Context, conn *pgx.Conn, table string) error {
	_, err := conn.Exec(ctx, `CREATE UNLOGGED TABLE deletions (number bigserial, gone bigint, took interval);
		CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO deletions (gone, took) SELECT count(*), clock_timestamp() - statement_timestamp() FROM gone HAVING count(*) > 0;
			RETURN NULL;
		END $$;
		CREATE TRIGGER note_deletion AFTER DELETE ON `+table+` REFERENCING OLD TABLE AS gone
			FOR EACH STATEMENT EXECUTE FUNCTION note_deletion()`)
	if err != nil {
		return fmt.Errorf("testenv: watch deletions: %w", err)
	}
	return nil
}

// Deletions returns the DELETE statements that found rows, oldest first.
func Deletions(ctx context.Context, conn *pgx.Conn) ([]Deletion, error) {
	rows, err := conn.Query(ctx, "SELECT gone, took FROM deletions ORDER BY number")
	if err != nil {
		return nil, fmt.Errorf("testenv: deletions: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Deletion, err error) {
		return d, row.Scan(&d.Rows, &d.Took)
	})
}

// Thirds returns the median time of the first and of the last third of the full
// batches, and how many full ones there are.
func Thirds(list []Deletion) (first, last time.Duration, batches int) {
	most := int64(0)
	for _, d := range list {
		most = max(most, d.Rows)
	}
	var took []time.Duration
	for _, d := range list {
		if d.Rows == most {
			took = append(took, d.Took)
		}
	}
	third := len(took) / 3
	if third == 0 {
		return 0, 0, len(took)
	}
	middle := func(part []time.Duration) time.Duration {
		slices.Sort(part)
		return part[len(part)/2]
	}
	return middle(slices.Clone(took[:third])), middle(slices.Clone(took[len(took)-third:])), len(took)
}
