package authserver

import "time"

// OutboxMessage is something another service still has to be told, kept until it
// was.
type OutboxMessage struct {
	ID        string
	Kind      string
	Subject   string
	CreatedAt time.Time
	Attempts  int
}

// OutboxEraseFamily tells the resource API to erase a family's data.
const OutboxEraseFamily = "erase_family"
