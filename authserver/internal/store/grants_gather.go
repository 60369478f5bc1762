package store

import (
	"context"
	"fmt"
	"strings"

	"latchkey/pkg/database"
)

// moves are the moves of grants that many callers make at once; on SQLite they
// are nil, and each caller moves alone.
type moves struct{ redeem, rotate, end *database.Gather }

func newMoves(db *database.DB) moves {
	return moves{
		// Those who share the statement do not see each other's grants, so they are counted too.
		redeem: db.Gather(gathered(redeemSet, redeemWhere, redeemed+`($14::int[])[1]) beside) + cardinality($1) - 1`,
			"bytea", "text", "text", "text", "text", "timestamptz", "timestamptz", "int", "bytea",
			"bytea", "bytea", "timestamptz", "timestamptz", "int")),
		rotate: db.Gather(gathered(rotateSet, rotateWhere, rotated+`asked.retired`,
			"bytea", "bytea", "text", "text", "text", "timestamptz", "bytea", "bytea", "timestamptz", "timestamptz", "int", "bytea")),
		end: db.Gather(gathered(endSet, owned, ended, "timestamptz", "text", "bytea", "text", "bytea")),
	}
}

// gathered is an UPDATE of grants for many callers (database.Gather). The subquery
// finds and locks the rows that nobody holds; the conditions stand outside once
// more, where PostgreSQL checks them on the row it writes. LIMIT lets the planner
// expect one row, where it would rather read all of a small table, which then grows.
func gathered(set, where, returning string, types ...string) string {
	columns, arrays, replace := make([]string, len(types)), make([]string, len(types)), make([]string, 0, 2*len(types))
	for i, t := range types {
		columns[i] = fmt.Sprintf("p%d", i+1)
		arrays[i] = fmt.Sprintf("(SELECT $%d::%s[])", i+1, t)
	}
	for i := len(types); i > 0; i-- { // $12 before $1
		replace = append(replace, fmt.Sprintf("$%d", i), fmt.Sprintf("asked.p%d", i))
	}
	asked := strings.NewReplacer(replace...)
	return `UPDATE grants SET ` + asked.Replace(set) + ` FROM (
	SELECT held.id AS held, held.access_digest AS retired, asked.*
	FROM (SELECT * FROM unnest(` + strings.Join(arrays, ", ") + `) WITH ORDINALITY asked (` + strings.Join(columns, ", ") + `, place)
		LIMIT (SELECT cardinality($1))) asked, grants held
	WHERE ` + asked.Replace(where) + ` FOR NO KEY UPDATE OF held SKIP LOCKED) asked
WHERE grants.id = asked.held AND ` + asked.Replace(where) + ` RETURNING asked.place, ` + returning
}

// move runs a move for one caller: with those who come at the same moment, or
// alone, waiting for whoever holds the row.
func (s *Store) move(ctx context.Context, together *database.Gather, wait bool, alone string, args ...any) database.Row {
	if wait || !together.Serves(ctx) {
		return s.db.QueryRow(ctx, alone, args...)
	}
	return together.Row(ctx, args...)
}
