package database_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// A statement of gorm's that fails is logged without what was put into it; a row
// that is not there is no failure, and neither is one that is there already or a
// caller who left.
func TestORMLogHasNoValues(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		url := "sqlite:" + t.TempDir() + "/test.db"
		if set == testenv.Production {
			url = testenv.Postgres(t)
		}
		var written bytes.Buffer
		db, err := database.Open(t.Context(), url, database.Options{Logger: slog.New(slog.NewTextHandler(&written, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // end of the test
		mustExec(t, db, "CREATE TABLE notes (id text PRIMARY KEY)")
		var note struct{ ID string }
		if err := db.ORM(t.Context()).Table("notes").Where("id = ?", "hunter2").Take(&note).Error; err == nil {
			t.Error("found what is not there")
		}
		if written.Len() > 0 {
			t.Errorf("a missing row was logged: %s", &written)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if err := db.ORM(gone).Table("notes").Take(&note).Error; err == nil {
			t.Error("a caller who left was answered")
		}
		if written.Len() > 0 {
			t.Errorf("a caller who left was logged: %s", &written)
		}
		for range 2 {
			err = db.ORM(t.Context()).Table("notes").Create(map[string]any{"id": "hunter2"}).Error
		}
		if !database.IsUnique(database.Translate(err)) || written.Len() > 0 {
			t.Errorf("a taken id: %v, logged %s", err, &written)
		}
		if err := db.ORM(t.Context()).Table("no_such_table").Where("id = ?", "hunter2").Take(&note).Error; err == nil {
			t.Error("a statement on no table succeeded")
		}
		if got := written.String(); !strings.Contains(got, "no_such_table") || strings.Contains(got, "hunter2") {
			t.Errorf("logged %q", got)
		}
	})
}
