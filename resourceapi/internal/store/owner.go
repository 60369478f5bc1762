package store

import (
	"context"
	"errors"
	"strings"

	"latchkey/pkg/database"
)

// Grant lets role, which owns nothing, do what requests need: read and write
// rows, under row security. It runs as the owner of the tables.
//
// By hand: these are no statements on rows.
func Grant(ctx context.Context, db *database.DB, role string) error {
	if role == "" || strings.ContainsAny(role, "\"\x00") {
		return errors.New("store: the role of the service has no usable name")
	}
	quoted := `"` + role + `"`
	for _, text := range []string{
		`GRANT USAGE ON SCHEMA public TO ` + quoted,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ` + quoted,
		`REVOKE INSERT, UPDATE, DELETE ON goose_db_version, schema_compatibility FROM ` + quoted,
		`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ` + quoted,
	} {
		if _, err := db.Exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// AccountNamed returns the id of an account of that name, "" when there is none.
func (f *Family) AccountNamed(ctx context.Context, name string) (string, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return "", err
	}
	rows, err := database.Find[accountRow](f.orm(ctx).Where(staying).Where("name = ?", name).Order("id").Limit(1))
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].ID, nil
}
