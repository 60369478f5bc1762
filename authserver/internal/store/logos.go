package store

import (
	"context"

	"gorm.io/gorm/clause"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
)

type logoRow authserver.Logo

func (logoRow) TableName() string { return "client_logos" }

// KeepLogo makes logo the picture of its client, in the transaction of ctx; seen: an
// operator has looked at it. fault.NotFound: the client is gone.
func (s *Store) KeepLogo(ctx context.Context, logo authserver.Logo, seen bool) error {
	change := map[string]any{"logo": logo.Sum}
	if seen {
		change["verified_logo"] = logo.Sum
	}
	if err := foundClient(s.client(ctx, logo.ClientID).Updates(change)); err != nil { // its row is held from here on
		return err
	}
	row := logoRow(logo)
	return database.ErrorOf(s.rows(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "client_id"}}, DoUpdates: clause.AssignmentColumns([]string{"sum", "png"}),
	}).Create(&row))
}

// DropLogo forgets the picture of a client, in the transaction of ctx. fault.NotFound:
// the client is gone.
func (s *Store) DropLogo(ctx context.Context, clientID string) error {
	if err := foundClient(s.client(ctx, clientID).Update("logo", "")); err != nil {
		return err
	}
	return database.ErrorOf(s.rows(ctx).Where("client_id = ?", clientID).Delete(&logoRow{}))
}

// FindLogo returns the picture with this sum to the user, "": nobody, and whether
// everybody may see it: the operator registered a client that has it, or has looked at
// it. Others are for those who registered the client, and for operators. fault.NotFound:
// there is none for the user. By hand: one read decides.
func (s *Store) FindLogo(ctx context.Context, sum, userID string, operator bool) (png []byte, everybody bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT l.png, (c.owner_id IS NULL AND c.introduced = '' OR c.verified_logo = l.sum) AS everybody
		FROM client_logos l JOIN clients c ON c.id = l.client_id
		WHERE l.sum = $1 AND (c.owner_id IS NULL AND c.introduced = '' OR c.verified_logo = l.sum OR CAST(c.owner_id AS text) = $2 OR $3)
		ORDER BY everybody DESC LIMIT 1`, sum, userID, operator).Scan(&png, &everybody)
	if err = database.Translate(err); fault.Is(err, fault.NotFound) {
		return nil, false, fault.Wrap(fault.NotFound, err, "There is nothing at this address.")
	}
	return png, everybody, err
}
