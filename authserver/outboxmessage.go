package authserver

import "time"

// OutboxMessage is something that somebody still has to be told, kept until they
// were.
type OutboxMessage struct {
	ID        string
	Kind      string // OutboxEraseFamily or OutboxLetter
	Subject   string // id of the family to erase, or of the user the letter is to
	Payload   string // of a letter: EmailMessage as JSON
	CreatedAt time.Time
	Attempts  int
}

// The kinds of outbox messages.
const (
	OutboxEraseFamily = "erase_family" // the resource API erases a family's data
	OutboxLetter      = "letter"       // a person reads what happened, or gets a link
)
