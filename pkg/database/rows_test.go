package database_test

import (
	"testing"

	"latchkey/pkg/fault"
)

// Rows that end early say why as every other statement does.
func TestRowsThatEndEarlyAreTranslated(t *testing.T) {
	db := openWithRows(t)
	mustExec(t, db, `CREATE FUNCTION full_disk() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$`)
	rows, err := db.Query(t.Context(), "SELECT full_disk()")
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		_ = rows.Close()
	}
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
}
