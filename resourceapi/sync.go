package resourceapi

import "time"

// Sync statuses (docs/contract.md, "Syncs").
const (
	SyncPending   = "pending"
	SyncRunning   = "syncing"
	SyncCompleted = "completed"
	SyncFailed    = "failed"
	SyncStale     = "stale"
)

// What a sync is for.
const (
	SyncOfFamily  = "Family"
	SyncOfAccount = "Account"
)

// An unfinished sync counts as stale after SyncStaleAfter. Until SyncReuse it is
// returned instead of starting another.
const (
	SyncStaleAfter = 24 * time.Hour
	SyncReuse      = 5 * time.Minute
)

// Sync is one recomputation of balances, waiting, running or done.
type Sync struct {
	ID           string
	SyncableType string
	SyncableID   string
	SyncableName string
	ParentID     *string
	Children     int
	Status       string
	WindowStart  *Date
	WindowEnd    *Date
	PendingAt    time.Time
	SyncingAt    *time.Time
	CompletedAt  *time.Time
	FailedAt     *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// InProgress reports whether the sync still waits or runs.
func (s Sync) InProgress() bool { return s.Status == SyncPending || s.Status == SyncRunning }

// At returns the sync with its status at now: an old unfinished one is stale.
func (s Sync) At(now time.Time) Sync {
	if s.InProgress() && now.Sub(s.CreatedAt) >= SyncStaleAfter {
		s.Status = SyncStale
	}
	return s
}
