package store_test

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/resourceapi/internal/store"
)

var (
	element = regexp.MustCompile(`(?m)^CREATE (TABLE|INDEX|UNIQUE INDEX) (\w+)`)
	column  = regexp.MustCompile(`(?m)^    ([a-z]\w+) (?:UUID|TEXT|TIMESTAMP|TIMESTAMPTZ|BIGINT|INTEGER|DATE|BYTEA|BLOB)\b`)
	added   = regexp.MustCompile(`(?m)^ALTER TABLE (\w+) ADD COLUMN (\w+)`)
)

// ofOneEngine are the columns that only one engine needs.
var ofOneEngine = map[string]bool{"transactions.folded": true}

// TestEnginesHaveTheSameSchema compares the tables, columns and indexes that
// the migrations of the two engines end with.
func TestEnginesHaveTheSameSchema(t *testing.T) {
	if diff := cmp.Diff(outline(t, "postgres"), outline(t, "sqlite")); diff != "" {
		t.Errorf("postgres and sqlite differ:\n%s", diff)
	}
}

func outline(t *testing.T, engine string) []string {
	t.Helper()
	seen := map[string]bool{}
	files, err := fs.Glob(store.Migrations(), engine+"/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations for %s: %v", engine, err)
	}
	for _, file := range files {
		raw, err := fs.ReadFile(store.Migrations(), file)
		if err != nil {
			t.Fatal(err)
		}
		seen[strings.TrimPrefix(file, engine)] = true
		for statement := range strings.SplitSeq(string(raw), ";\n") {
			for _, m := range added.FindAllStringSubmatch(statement, -1) {
				if name := m[1] + "." + m[2]; !ofOneEngine[name] {
					seen[name] = true
				}
			}
			m := element.FindStringSubmatch(statement)
			if m == nil {
				continue
			}
			seen[m[1]+" "+m[2]] = true
			for _, c := range column.FindAllStringSubmatch(statement, -1) {
				seen[m[2]+"."+c[1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
