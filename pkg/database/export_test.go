package database

// Waiting is how many batched reads wait for a trip.
func (db *DB) Waiting() int { return db.reads.Waiting() }
