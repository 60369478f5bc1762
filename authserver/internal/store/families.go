package store

import (
	"context"

	"latchkey/authserver"
)

// CreateFamily stores a new family.
func (s *Store) CreateFamily(ctx context.Context, f authserver.Family) error {
	_, err := s.db.Exec(ctx, `INSERT INTO families (id, name, created_at) VALUES ($1, $2, $3)`, f.ID, f.Name, f.CreatedAt)
	return err
}
