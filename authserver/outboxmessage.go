package authserver

import "time"

// OutboxMessage is something that somebody still has to be told, kept until they
// were.
type OutboxMessage struct {
	ID        string
	Kind      string // OutboxEraseFamily or OutboxEmail
	Subject   string // id of the family to erase, or of the user the email is to
	Payload   string // of an email: EmailMessage as JSON; of an erasure: the id of the user who left last
	CreatedAt time.Time
	Attempts  int
}

// The kinds of outbox messages.
const (
	OutboxEraseFamily = "erase_family" // the resource API erases a family's data
	OutboxEmail       = "letter"       // a person reads what happened, or gets a link
)
