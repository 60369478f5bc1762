package authserver

import "time"

// Family is the household a user belongs to; the boundary of all data.
type Family struct {
	ID        string
	Name      string
	CreatedAt time.Time
}
