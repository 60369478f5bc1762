package store

import (
	"time"

	"latchkey/pkg/database"
)

// ExpiriesOf are the rules of a family's rows.
func ExpiriesOf(f *Family, now time.Time) []database.Expiry { return f.expiries(now) }
