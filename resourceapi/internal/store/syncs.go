package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var errNoSync = fault.New(fault.NotFound, "The requested resource was not found").WithCode("record_not_found")

// syncView is a sync with what its account is called and how many parts it has.
type syncView struct {
	Row         syncRow `gorm:"embedded"`
	AccountName string
	Children    int
}

// TableName names the table for gorm.
func (syncView) TableName() string { return "syncs" }

const syncColumns = `syncs.id, syncs.syncable_type, syncs.syncable_id, coalesce(a.name, '') AS account_name, syncs.parent_id, syncs.status,
	syncs.window_start_date, syncs.window_end_date, syncs.pending_at, syncs.syncing_at, syncs.completed_at, syncs.failed_at,
	syncs.created_at, syncs.updated_at,
	(SELECT count(*) FROM syncs k WHERE k.family_id = syncs.family_id AND k.parent_id = syncs.id) AS children`

func syncViews(query *gorm.DB) *gorm.DB {
	return query.Select(syncColumns).
		Joins("LEFT JOIN accounts a ON a.family_id = syncs.family_id AND a.id = syncs.syncable_id")
}

func newestSyncs(query *gorm.DB) *gorm.DB {
	return syncViews(query).Order("syncs.created_at DESC, syncs.id DESC")
}

// syncAt returns the conversion of syncs as they stand at now.
func syncAt(now time.Time) func(v syncView) resourceapi.Sync {
	return func(v syncView) resourceapi.Sync {
		r := v.Row
		return resourceapi.Sync{
			ID: r.ID, SyncableType: r.SyncableType, SyncableID: r.SyncableID, SyncableName: v.AccountName, ParentID: r.ParentID,
			Children: v.Children, Status: r.Status, WindowStart: r.WindowStartDate, WindowEnd: r.WindowEndDate, PendingAt: r.PendingAt,
			SyncingAt: r.SyncingAt, CompletedAt: r.CompletedAt, FailedAt: r.FailedAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		}.At(now)
	}
}

// Syncs lists a page of syncs, newest first.
func (f *Family) Syncs(ctx context.Context, page Page) ([]resourceapi.Sync, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	rows, paging, err := paged[syncView](page, func() *gorm.DB { return f.orm(ctx).Model(&syncRow{}) }, newestSyncs)
	return database.Mapped(rows, syncAt(f.s.Now())), paging, err
}

// LatestSync returns the newest sync that is no part of another; false when there is
// none.
func (f *Family) LatestSync(ctx context.Context) (resourceapi.Sync, bool, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Sync{}, false, err
	}
	rows, err := database.Find[syncView](newestSyncs(f.orm(ctx)).Where("syncs.parent_id IS NULL").Limit(1))
	if err != nil || len(rows) == 0 {
		return resourceapi.Sync{}, false, err
	}
	return syncAt(f.s.Now())(rows[0]), true, nil
}

// Sync finds one sync.
func (f *Family) Sync(ctx context.Context, id string) (resourceapi.Sync, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Sync{}, err
	}
	return f.sync(ctx, id)
}

func (f *Family) sync(ctx context.Context, id string) (resourceapi.Sync, error) {
	view, err := findOne[syncView](syncViews(f.orm(ctx)).Where("syncs.id = ?", id), errNoSync)
	return syncAt(f.s.Now())(view), err
}

// StartSync queues the recomputation of the whole family, or of one account when
// account is not empty. It returns an unfinished, recent sync instead of starting
// another (docs/contract.md, "Syncs").
func (f *Family) StartSync(ctx context.Context, account string) (resourceapi.Sync, error) {
	kind, subject := resourceapi.SyncOfFamily, f.id
	if account != "" {
		kind, subject = resourceapi.SyncOfAccount, account
	}
	var started resourceapi.Sync
	err := f.change(ctx, func(ctx context.Context) error {
		if err := f.lockSubject(ctx, account); err != nil { // a second caller waits, and finds the sync of the first
			return err
		}
		now := f.s.Now()
		young, err := database.Find[syncRow](f.orm(ctx).Where("syncable_id = ? AND syncable_type = ? AND status IN ('pending', 'syncing')", subject, kind).
			Where("window_start_date IS NULL AND created_at > ?", now.Add(-resourceapi.SyncReuse)).Order("created_at DESC").Limit(1))
		if err != nil {
			return err
		}
		if len(young) > 0 {
			started, err = f.sync(ctx, young[0].ID)
			return err
		}
		row := syncRow{
			ID: newID(), SyncableType: kind, SyncableID: subject, Status: resourceapi.SyncPending,
			PendingAt: now, CreatedAt: now, UpdatedAt: now,
		}
		if err := errors.Join(f.insert(ctx, &row), f.expiring(ctx), f.queue(ctx, jobRow{Kind: jobSync, AccountID: nonEmpty(account)})); err != nil {
			return err
		}
		started, err = f.sync(ctx, row.ID)
		return err
	})
	return started, err
}

// lockSubject locks what a sync is of: an account, or the family when account is
// empty.
func (f *Family) lockSubject(ctx context.Context, account string) error {
	if account == "" {
		return f.lock(ctx)
	}
	_, err := f.lockAccount(ctx, account)
	return err
}

// lock locks the family, for what must happen once in it.
func (f *Family) lock(ctx context.Context) error {
	rows, err := database.Find[familyRow](f.orm(ctx).Clauses(locked))
	if err == nil && len(rows) == 0 {
		f.s.families.forget(f.id)
		return fault.New(fault.Unauthenticated, "Account has been deactivated")
	}
	return err
}
