package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// CountEmail counts an email of a kind to a user. false: the user got most of them
// since a time. By hand: one statement counts and decides.
func (s *Store) CountEmail(ctx context.Context, userID, kind string, now, since time.Time, most int) (bool, error) {
	n, err := s.db.Exec(ctx, `INSERT INTO letter_counts (user_id, kind, since, letters) VALUES ($1, $2, $3, 1)
		ON CONFLICT (user_id, kind) DO UPDATE SET
			since = CASE WHEN letter_counts.since <= $4 THEN excluded.since ELSE letter_counts.since END,
			letters = CASE WHEN letter_counts.since <= $4 THEN 1 ELSE letter_counts.letters + 1 END
		WHERE letter_counts.since <= $4 OR letter_counts.letters < $5`, userID, kind, now, since, most)
	return n == 1, err
}

// names is where the name of what an event happened to stands.
var names = map[string]struct{ table, column string }{
	authserver.EventKeyCreated: {"api_keys", "name"}, authserver.EventKeyRotated: {"api_keys", "name"},
	authserver.EventPasskeyAdded: {"passkeys", "name"}, authserver.EventSignin: {"devices", "name"},
	authserver.EventConsentGiven: {"clients", "name"},
}

// NameOf returns what the subject of an event is called; "": it has no name.
func (s *Store) NameOf(ctx context.Context, e *authserver.Event) (string, error) {
	from, id := names[e.Kind], e.SubjectID
	if e.Kind == authserver.EventConsentGiven {
		id = e.ClientID
	}
	if from.table == "" || id == "" {
		return "", nil
	}
	var name string
	err := s.db.QueryRow(ctx, `SELECT `+from.column+` FROM `+from.table+` WHERE id = $1`, id).Scan(&name)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return name, err
}
