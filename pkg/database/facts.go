package database

import (
	"context"
	"time"
)

// Facts are what a database tells of itself to whom looks after it.
type Facts struct {
	Version     string // "PostgreSQL 17.2", "SQLite 3.50.4"
	Size        int64  // bytes of its tables and indexes
	InUse, Most int    // connections of this process
	Server      *ServerFacts
}

// ServerFacts are those of a PostgreSQL.
type ServerFacts struct {
	Connections, Most int // of all databases and programs
	Standby           bool
	Replicas          int           // that read from it
	Lag               time.Duration // of the one that is furthest behind
	LagKnown          bool          // false: none says, or this role may not see it (pg_read_all_stats)
}

// Facts asks the database about itself.
func (db *DB) Facts(ctx context.Context) (f Facts, err error) {
	state := db.state()
	f.InUse, f.Most = state.inUse, state.most
	if f.Version, err = db.Version(ctx); err != nil {
		return f, err
	}
	if db.pool == nil {
		err = db.QueryRow(ctx, `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`).Scan(&f.Size)
		return f, err
	}
	f.Server = new(ServerFacts)
	var lag *float64
	err = db.QueryRow(ctx, `SELECT pg_database_size(current_database()),
		(SELECT CAST(COALESCE(sum(numbackends), 0) AS bigint) FROM pg_stat_database), CAST(current_setting('max_connections') AS bigint), pg_is_in_recovery(),
		(SELECT count(*) FROM pg_stat_replication), (SELECT CAST(max(EXTRACT(EPOCH FROM replay_lag)) AS float8) FROM pg_stat_replication)`).
		Scan(&f.Size, &f.Server.Connections, &f.Server.Most, &f.Server.Standby, &f.Server.Replicas, &lag)
	if lag != nil {
		f.Server.Lag, f.Server.LagKnown = time.Duration(*lag*float64(time.Second)), true
	}
	return f, err
}
