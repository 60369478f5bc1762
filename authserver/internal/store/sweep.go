package store

import (
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// Retention says how long what is dead is remembered.
type Retention struct {
	Grants  time.Duration // so that "why was I signed out" can be answered
	Devices time.Duration // not seen for so long: longer than any token lives
	Events  time.Duration
	Usage   time.Duration // how often keys and applications were used, and from where
}

const (
	// keepCodes is how long a code that nobody redeemed is remembered, so that its
	// client is told "expired" rather than "unknown" in the log.
	keepCodes = 10 * time.Minute
	// keepRevoked is how long what was revoked, used up or not used in time is
	// remembered, for lists.
	keepRevoked = 90 * 24 * time.Hour
	// keepUnused is how long a client that introduced itself is remembered while
	// nobody allows it anything.
	keepUnused = 30 * 24 * time.Hour
	// keepInstance is how long what the instance counts of itself is remembered: a year and
	// a month of rows, some dozens an hour at most, that are about nobody.
	keepInstance = 400 * 24 * time.Hour
)

const unusedClient = ` AND introduced <> '' AND disabled_at IS NULL AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = clients.id)
	AND NOT EXISTS (SELECT 1 FROM consents n WHERE n.client_id = clients.id)`

// Expiries says which rows of which tables go. An index finds them.
func (s *Store) Expiries(now time.Time, keep Retention) []database.Expiry {
	revoked, codes := now.Add(-keepRevoked), now.Add(-keepCodes)
	return []database.Expiry{
		{From: "grants", ID: "id", By: "code_expires_at", And: " AND redeemed_at IS NULL", Before: codes},
		s.deadGrants(now, keep.Grants),
		{From: "signins", ID: "digest", By: "expires_at", Before: now},
		{From: "pending_signins", ID: "digest", By: "expires_at", Before: now},
		{From: "known_browsers", ID: "digest", By: "seen_at", Before: now.Add(-authserver.BrowserLife)},
		{From: "second_factor_setups", ID: "signin_id", By: "expires_at", Before: now},
		{From: "api_keys", ID: "id", By: "revoked_at", Before: revoked},
		{From: "devices", ID: "id", By: "ended_at", Before: revoked},
		{From: "devices", ID: "id", By: "seen_at", Before: now.Add(-keep.Devices)},
		{From: "passkey_challenges", ID: "digest", By: "expires_at", Before: now},
		{From: "sso_login_states", ID: "digest", By: "expires_at", Before: now},
		{From: "sso_codes", ID: "digest", By: "expires_at", Before: now},
		{From: "sso_unlinked_identities", ID: "digest", By: "expires_at", Before: now},
		{From: "links", ID: "digest", By: "expires_at", Before: now},
		{From: "deletion_links", ID: "user_id", By: "expires_at", Before: now},
		{From: "outbox", ID: "id", By: "done_at", Before: revoked},
		{From: "device_requests", ID: "digest", By: "expires_at", Before: codes},
		{From: "authorization_requests", ID: "digest", By: "expires_at", Before: now},
		{From: "events", ID: "id", By: "at", And: " AND +position IS NULL", Before: now.Add(-keep.Events)}, // of times without a key; +: SQLite would take another index, and sort
		{From: "clients", ID: "id", By: "seen_at", And: unusedClient, Before: now.Add(-keepUnused)},
		{From: "registration_tokens", ID: "id", By: "expires_at", Before: revoked},
		{From: "registration_tokens", ID: "id", By: "revoked_at", Before: revoked},
		{From: "registration_tokens", ID: "id", By: "used_at", And: " AND uses > 0 AND used >= uses", Before: revoked},
		{From: "invites", ID: "id", By: "expires_at", Before: revoked},
		{From: "invites", ID: "id", By: "used_at", Before: revoked},
		{From: "invites", ID: "id", By: "revoked_at", Before: revoked},
		{From: "usage_hours", ID: "subject", By: "hour", And: " AND kind <> 'instance'", Before: now.Add(-keep.Usage)},
		{From: "usage_hours", ID: "subject", By: "hour", And: " AND kind || '' = 'instance'", Before: now.Add(-max(keep.Usage, keepInstance))}, // ||: SQLite would take another index, and sort
		{From: "latency_hours", ID: "bucket", By: "hour", Before: now.Add(-max(keep.Usage, keepInstance))},
		{From: "key_addresses", ID: "address", By: "last_at", Before: now.Add(-keep.Usage)},
		{From: "client_refusals", ID: "client_id", By: "last_at", Before: now.Add(-keep.Usage)},
		{From: "invitations", ID: "id", By: "expires_at", Before: revoked},
	}
}

// deadGrants are those that died so long ago, or whose day is 0. alive_day is a day on
// which a grant lived; of those that did not die since, it is moved on to the last one
// known. So an end need not move it, which would cost an entry in each index.
func (s *Store) deadGrants(now time.Time, keep time.Duration) database.Expiry {
	died := `(CASE WHEN ended_at IS NOT NULL THEN ended_at WHEN access_expires_at > refresh_expires_at THEN access_expires_at
		ELSE COALESCE(refresh_expires_at, code_expires_at) END)`
	least := "LEAST"
	if s.db.Engine() == database.SQLite {
		died, least = died+` / 86400000000`, "min"
	} else {
		died = `CAST(floor(extract(epoch FROM ` + died + `) / 86400) AS integer)`
	}
	return database.Expiry{
		From: "grants", ID: "id", By: "alive_day", Before: day(now.Add(-keep)),
		And:  ` AND (alive_day = 0 OR ` + died + ` < $1)`,
		Else: fmt.Sprintf("alive_day = %s(%d, %s)", least, day(now), died),
	}
}

// RowEnds says of every table that Expiries does not name how its rows end.
func RowEnds() map[string]string {
	const withUser = "with the user"
	return map[string]string{
		"families":             "the name with the last member's erasure; the id stays with the users",
		"users":                "when the account is erased",
		"consents":             withUser + " or the client, or when taken back",
		"second_factors":       withUser + ", or when turned off",
		"client_logos":         "with the client, or with its next picture",
		"recovery_codes":       withUser + ", or with the next set",
		"identities":           withUser + "; a blocked one stays, so that it stays blocked",
		"passkeys":             withUser + ", or when removed",
		"event_chain":          "one row",
		"letter_counts":        withUser + "; a row for each kind of email",
		"operator_claim":       "one row",
		"key_proof":            "one row",
		"schema_compatibility": "one row",
		"goose_db_version":     "a row for each migration",
	}
}
