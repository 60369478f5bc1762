package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

type deletionLinkRow struct {
	UserID    string
	Digest    secret.Digest
	ExpiresAt time.Time
}

func (deletionLinkRow) TableName() string { return "deletion_links" }

// CreateDeletionLink stores the link by which who deleted an account follows that, in the
// place of one before.
func (s *Store) CreateDeletionLink(ctx context.Context, userID string, digest secret.Digest, expires time.Time) error {
	return database.ErrorOf(s.rows(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "user_id"}}, DoUpdates: clause.AssignmentColumns([]string{"digest", "expires_at"}),
	}).Create(&deletionLinkRow{userID, digest, expires}))
}

// FindDeletion returns how far the deletion is that a link follows. fault.NotFound: there
// is no such link at now, or the account is not deleted any more. By hand: one statement
// for the link and its user.
func (s *Store) FindDeletion(ctx context.Context, digest secret.Digest, now time.Time) (*authserver.Deletion, error) {
	var d authserver.Deletion
	var userID, familyID string
	err := s.db.QueryRow(ctx, `SELECT u.id, u.family_id, u.deactivated_at, u.erase_at, u.deleted_at, l.expires_at
		FROM deletion_links l JOIN users u ON u.id = l.user_id
		WHERE l.digest = $1 AND l.expires_at > $2 AND u.deactivated_at IS NOT NULL AND (u.erase_at IS NOT NULL OR u.deleted_at IS NOT NULL)`,
		digest[:], now).Scan(&userID, &familyID, &d.ClosedAt, &d.EraseAt, &d.ErasedAt, &d.Until)
	if _, err := orNotFound(&d, err); err != nil {
		return nil, err
	}
	found, err := database.Find[authserver.Erasure](s.erasures(ctx).Select(erasureColumns).Where("subject = ? AND payload = ?", familyID, userID).Limit(1))
	if len(found) > 0 {
		d.Erasure = &found[0]
	}
	return &d, err
}

const erasureColumns = "outbox.id, outbox.subject AS family_id, outbox.created_at, outbox.attempts, outbox.next_at, outbox.claimed_at, outbox.failure, outbox.done_at"

func (s *Store) erasures(ctx context.Context) *gorm.DB {
	return s.rows(ctx).Table("outbox").Where("outbox.kind = ?", authserver.OutboxEraseFamily)
}

// SearchErasures returns a page of the erasures of families' data.
func (s *Store) SearchErasures(ctx context.Context, q authserver.Search) (authserver.Found[authserver.Erasure], error) {
	query := s.erasures(ctx)
	switch q.State {
	case authserver.ErasureWaiting:
		query = query.Where("outbox.done_at IS NULL")
	case authserver.ErasureFailing:
		query = query.Where("outbox.done_at IS NULL AND outbox.failure <> ''")
	case authserver.ErasureDone:
		query = query.Where("outbox.done_at IS NOT NULL")
	}
	return list[authserver.Erasure]{
		query: query, table: "outbox", columns: erasureColumns, name: "outbox.subject", text: []string{"outbox.subject"},
		place: func(order string, e *authserver.Erasure) authserver.Place {
			return authserver.NewPlace(order, e.FamilyID, e.CreatedAt, e.ID)
		},
	}.page(q)
}
