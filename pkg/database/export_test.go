package database

// WriteLanes is how many trips of batched writes are under way at a time.
var WriteLanes = writeLanes

// Waiting is how many batched writes wait for a trip.
func (db *DB) Waiting() int { return db.writes.Waiting() }
