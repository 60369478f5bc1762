package database

// Waiting is how many batched writes wait for a trip.
func (db *DB) Waiting() int { return db.writes.Waiting() }
