package store

import (
	"context"

	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
)

// keyProofRow is the one row that proves which encryption key is in use.
type keyProofRow struct {
	ID     int `gorm:"primaryKey;autoIncrement:false"`
	Sealed []byte
}

func (keyProofRow) TableName() string { return "key_proof" }

const keyProofID = 1

// AddKeyProof stores the proof unless there is one.
func (s *Store) AddKeyProof(ctx context.Context, sealed []byte) error {
	row := keyProofRow{keyProofID, sealed}
	return database.Translate(s.db.ORM(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error)
}

// FindKeyProof returns the proof; nil: there is none.
func (s *Store) FindKeyProof(ctx context.Context) ([]byte, error) {
	var rows []keyProofRow
	if err := s.db.ORM(ctx).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, database.Translate(err)
	}
	return rows[0].Sealed, nil
}

// SetKeyProof replaces the proof.
func (s *Store) SetKeyProof(ctx context.Context, sealed []byte) error {
	row := keyProofRow{keyProofID, sealed}
	return database.Translate(s.db.ORM(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
}
