package database_test

import (
	"os"
	"path/filepath"
	"testing"

	"latchkey/pkg/database"
)

// The file holds addresses and password hashes: other users of the machine have
// no business with it, whatever the umask says.
func TestSQLiteFilesAreTheOwnersAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(folder, "x.db"), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(t.Context(), "CREATE TABLE things (id TEXT)"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < 2 {
		t.Fatalf("%v, %v: want the database and its log", entries, err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", entry.Name(), info.Mode(), err)
		}
	}
}
