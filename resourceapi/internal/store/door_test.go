package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// eachDoor opens the doors of two families, each with a tag of its own. On SQLite
// there is no row security: what holds there is the door alone.
func eachDoor(t *testing.T, fn func(t *testing.T, s *Store, own, other *Family)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		address := "sqlite:" + filepath.Join(t.TempDir(), "api.db")
		if set == testenv.Production {
			address = testenv.Postgres(t) // as its owner, whom row security does not bind
		}
		db, err := database.Open(t.Context(), address, database.Options{MaxConnections: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		s := New(db, Options{Currency: "USD", Now: time.Now})
		own, other := s.Family(newID()), s.Family(newID())
		for _, f := range []*Family{own, other} {
			ctx, err := f.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := f.insert(ctx, &tagRow{ID: newID(), Name: "tag of " + f.id, Color: "#000000"}); err != nil {
				t.Fatal(err)
			}
		}
		fn(t, s, own, other)
	})
}

func namesSeen(t *testing.T, query *gorm.DB) string {
	t.Helper()
	rows, err := database.Find[tagRow](query)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(database.Mapped(rows, func(r tagRow) string { return r.Name }), ", ")
}

// TestGormKeepsToTheFamily tries to reach another family's rows through gorm.
// Whatever a statement asks for, it gets and changes its own family's rows only.
func TestGormKeepsToTheFamily(t *testing.T) {
	eachDoor(t, func(t *testing.T, _ *Store, own, other *Family) {
		ctx, mine := t.Context(), "tag of "+own.id
		for name, query := range map[string]*gorm.DB{
			"all rows":                  own.orm(ctx),
			"the other's by name":       own.orm(ctx).Where("name = ?", "tag of "+other.id).Or("1 = 1"),
			"an alternative":            own.orm(ctx).Where("1 = 0").Or("1 = 1"),
			"an alternative, one text":  own.orm(ctx).Where("1 = 0\nOR\n1 = 1"),
			"the family by its column":  own.orm(ctx).Where("family_id = ?", other.id).Or("family_id = ?", own.id),
			"a row that names a family": own.orm(ctx).Where(&tagRow{FamilyID: familyID(other.id)}).Or("1 = 1"),
			"unscoped":                  own.orm(ctx).Unscoped(),
			"from a subquery":           own.orm(ctx).Where("id IN (?)", own.orm(ctx).Model(&tagRow{}).Select("id").Where("1 = 0").Or("1 = 1")),
			"another family's context":  own.orm(other.inside(ctx)),
		} {
			if got := namesSeen(t, query); got != mine {
				t.Errorf("%s: saw %q, want %q", name, got, mine)
			}
		}
		var n int64
		if err := own.orm(ctx).Model(&tagRow{}).Where("1 = 0").Or("1 = 1").Count(&n).Error; err != nil || n != 1 {
			t.Errorf("counted %d, %v", n, err)
		}
		if n, err := database.Affected(own.orm(ctx).Model(&tagRow{}).Where("1 = 0").Or("1 = 1").UpdateColumn("color", "#ffffff")); n != 1 || err != nil {
			t.Errorf("changed %d, %v", n, err)
		}
		strange := tagRow{FamilyID: familyID(other.id), ID: newID(), Name: "strange", Color: "#000000"}
		if err := own.insert(own.inside(ctx), &strange); err != nil || strange.FamilyID != familyID(own.id) {
			t.Errorf("a row of another family was written into %s, %v", strange.FamilyID, err)
		}
		both := []tagRow{{FamilyID: familyID(other.id), ID: newID(), Name: "b", Color: "#000000"}, {ID: newID(), Name: "c", Color: "#000000"}}
		over := clause.OnConflict{Columns: []clause.Column{{Name: "family_id"}, {Name: "name"}}, UpdateAll: true}
		if err := database.ErrorOf(own.orm(ctx).Clauses(over).CreateInBatches(both, 1)); err != nil {
			t.Error(err)
		}
		if n, err := database.Affected(own.orm(ctx).Delete(&tagRow{})); n != 4 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		rows, err := database.Find[tagRow](other.orm(ctx))
		if err != nil || len(rows) != 1 || rows[0].Color != "#000000" {
			t.Errorf("the other family has %+v, %v", rows, err)
		}
	})
}

// TestGormNeedsAFamily: on a table of families no statement runs without one.
func TestGormNeedsAFamily(t *testing.T) {
	eachDoor(t, func(t *testing.T, s *Store, own, _ *Family) {
		orm := func() *gorm.DB { return s.db.ORM(t.Context()) }
		for name, err := range map[string]error{
			"read":   orm().Find(&[]tagRow{}).Error,
			"count":  orm().Model(&tagRow{}).Count(new(int64)).Error,
			"update": orm().Model(&tagRow{}).Where("1 = 1").UpdateColumn("name", "x").Error,
			"delete": orm().Where("1 = 1").Delete(&tagRow{}).Error,
			"create": orm().Create(&tagRow{FamilyID: familyID(own.id), ID: newID(), Name: "y"}).Error,
		} {
			if err == nil || !strings.Contains(err.Error(), errNoFamily.Error()) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := namesSeen(t, own.orm(t.Context())); got != "tag of "+own.id {
			t.Errorf("the family has %q", got)
		}
	})
}

// TestEveryRowKnowsItsFamily reads the source: each table for gorm has a familyID,
// and only the door makes gorm's statements.
func TestEveryRowKnowsItsFamily(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tables, typed := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "TableName" {
					tables[n.Recv.List[0].Type.(*ast.Ident).Name] = true
				}
			case *ast.TypeSpec:
				if row, isStruct := n.Type.(*ast.StructType); isStruct {
					for _, field := range row.Fields.List {
						kind, _ := field.Type.(*ast.Ident)
						if kind != nil && (kind.Name == "familyID" || strings.HasSuffix(kind.Name, "Row") && field.Tag != nil) {
							typed[n.Name.Name] = true
						}
					}
				}
			case *ast.SelectorExpr:
				if forbidden := n.Sel.Name; name != "door.go" && (forbidden == "ORM" || forbidden == "Raw" || forbidden == "Table") {
					t.Errorf("%s calls %s: gorm's statements are made in door.go", name, forbidden)
				}
			}
			return true
		})
	}
	if len(tables) < 15 {
		t.Fatalf("found the tables %v", tables)
	}
	for name := range tables {
		if !typed[name] {
			t.Errorf("%s has no family", name)
		}
	}
}
