package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var errNoSync = fault.New(fault.NotFound, "The requested resource was not found").WithCode("record_not_found")

const syncColumns = `
	SELECT s.id, s.syncable_type, s.syncable_id, coalesce(a.name, ''), s.parent_id, s.status, s.window_start_date, s.window_end_date,
		s.pending_at, s.syncing_at, s.completed_at, s.failed_at, s.created_at, s.updated_at,
		(SELECT count(*) FROM syncs k WHERE k.family_id = s.family_id AND k.parent_id = s.id)
	FROM syncs s LEFT JOIN accounts a ON a.family_id = s.family_id AND a.id = s.syncable_id
	WHERE s.family_id = $1`

// Syncs lists a page of syncs, newest first.
func (f *Family) Syncs(ctx context.Context, page Page) ([]resourceapi.Sync, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	var total int
	if err := f.row(ctx, `SELECT count(*) FROM syncs WHERE family_id = $1`).Scan(&total); err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(total)
	var where filter
	list, err := f.readSyncs(ctx, ` ORDER BY s.created_at DESC, s.id DESC`+where.window(paging), where.args...)
	return list, paging, err
}

// LatestSync returns the newest sync that was asked for, not one of its parts;
// false when there is none.
func (f *Family) LatestSync(ctx context.Context) (resourceapi.Sync, bool, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Sync{}, false, err
	}
	list, err := f.readSyncs(ctx, ` AND s.parent_id IS NULL ORDER BY s.created_at DESC, s.id DESC LIMIT 1`)
	if err != nil || len(list) == 0 {
		return resourceapi.Sync{}, false, err
	}
	return list[0], true, nil
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
	list, err := f.readSyncs(ctx, ` AND s.id = $2`, id)
	if err == nil && len(list) == 0 {
		err = errNoSync
	}
	if err != nil {
		return resourceapi.Sync{}, err
	}
	return list[0], nil
}

func (f *Family) readSyncs(ctx context.Context, rest string, args ...any) ([]resourceapi.Sync, error) {
	var list []resourceapi.Sync
	now := f.s.Now()
	err := f.each(ctx, syncColumns+rest, args, func(rows database.Rows) error {
		var s resourceapi.Sync
		err := rows.Scan(&s.ID, &s.SyncableType, &s.SyncableID, &s.SyncableName, &s.ParentID, &s.Status, &s.WindowStart, &s.WindowEnd,
			&s.PendingAt, &s.SyncingAt, &s.CompletedAt, &s.FailedAt, &s.CreatedAt, &s.UpdatedAt, &s.Children)
		list = append(list, s.At(now))
		return err
	})
	return list, err
}

// StartSync queues the recomputation of the whole family, or of one account
// when account is not empty. One that is unfinished and young is returned
// instead (contract section 5.7).
func (f *Family) StartSync(ctx context.Context, account string) (resourceapi.Sync, error) {
	kind, subject := resourceapi.SyncOfFamily, f.id
	if account != "" {
		kind, subject = resourceapi.SyncOfAccount, account
	}
	var started resourceapi.Sync
	err := f.change(ctx, func(ctx context.Context) error {
		if account != "" {
			if err := f.lockAccount(ctx, account); err != nil {
				return err
			}
		} else if err := f.lock(ctx); err != nil { // of two callers the second finds what the first began
			return err
		}
		now := f.s.Now()
		var id string
		err := f.row(ctx, `
			SELECT id FROM syncs WHERE family_id = $1 AND syncable_id = $2 AND syncable_type = $3 AND status IN ('pending', 'syncing')
				AND window_start_date IS NULL AND created_at > $4
			ORDER BY created_at DESC LIMIT 1`, subject, kind, now.Add(-resourceapi.SyncReuse)).Scan(&id)
		if errors.Is(err, database.ErrNoRows) {
			id = newID()
			job := jobRow{Kind: jobSync, AccountID: nonEmpty(account)}
			err = errors.Join(
				f.insert(ctx, &syncRow{
					FamilyID: f.id, ID: id, SyncableType: kind, SyncableID: subject, Status: resourceapi.SyncPending,
					PendingAt: now, CreatedAt: now, UpdatedAt: now,
				}),
				f.queue(ctx, job))
		}
		if err != nil {
			return err
		}
		started, err = f.sync(ctx, id)
		return err
	})
	return started, err
}

// lock serializes what must happen once for the whole family.
func (f *Family) lock(ctx context.Context) error {
	var id string
	text := `SELECT f.id FROM families f WHERE f.id = $1` + f.s.forUpdate("f")
	err := f.row(ctx, text).Scan(&id)
	if errors.Is(err, database.ErrNoRows) {
		f.s.known.forget(f.id)
		return fault.New(fault.Unauthenticated, "Account has been deactivated")
	}
	return err
}
