package database_test

import (
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

type note struct {
	ID      string
	Who     *string
	Written time.Time
	Body    []byte
	Seen    string `gorm:"->"` // what the setting was when it was read
}

const noteColumns = "id, who, written, body, current_setting('latchkey.family', true) AS seen"

// TestGormCarriesTheSetting: outside a transaction each statement of gorm's has
// the setting of its context, and the connection has forgotten it afterwards.
func TestGormCarriesTheSetting(t *testing.T) {
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // end of the test
	mustExec(t, db, "CREATE TABLE notes (id UUID PRIMARY KEY, who TEXT DEFAULT current_setting('latchkey.family', true), written TIMESTAMPTZ, body BYTEA)")
	set := database.WithSetting(t.Context(), "latchkey.family", "one")
	const id = "11111111-2222-4333-8444-555555555555"
	at := time.Date(2026, 5, 1, 12, 0, 0, 123_000, time.UTC)
	create := db.ORM(set).Omit("Who").Create(&note{ID: id, Written: at, Body: []byte("x")})
	if create.Error != nil || create.RowsAffected != 1 {
		t.Fatalf("create: %d, %v", create.RowsAffected, create.Error)
	}
	for range 2 {
		var found []note
		if err := db.ORM(set).Select(noteColumns).Where("id = ?", id).Find(&found).Error; err != nil || len(found) != 1 {
			t.Fatalf("find: %v, %v", found, err)
		}
		if n := found[0]; n.ID != id || n.Who == nil || *n.Who != "one" || !n.Written.Equal(at) || string(n.Body) != "x" || n.Seen != "one" {
			t.Errorf("found %+v", n)
		}
		var left string
		if err := db.QueryRow(t.Context(), "SELECT coalesce(current_setting('latchkey.family', true), '')").Scan(&left); err != nil || left != "" {
			t.Errorf("the connection still has the setting %q, %v", left, err)
		}
	}
	var n int64
	if err := db.ORM(set).Model(&note{}).Where("current_setting('latchkey.family', true) = ?", "one").Count(&n).Error; err != nil || n != 1 {
		t.Errorf("count: %d, %v", n, err)
	}
	sub := db.ORM(set).Model(&note{}).Select("id").Where("current_setting('latchkey.family', true) = 'one'").Limit(1)
	changed := db.ORM(set).Model(&note{}).Where("id IN (?)", sub).UpdateColumn("who", gorm.Expr("'now ' || current_setting('latchkey.family', true)"))
	if changed.Error != nil || changed.RowsAffected != 1 {
		t.Errorf("update: %d, %v", changed.RowsAffected, changed.Error)
	}
	var whos []string
	if err := db.ORM(set).Model(&note{}).Pluck("who", &whos).Error; err != nil || len(whos) != 1 || whos[0] != "now one" {
		t.Errorf("pluck: %v, %v", whos, err)
	}
	var missing note
	if err := db.ORM(set).Where("who = 'nobody'").Take(&missing).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("a row that is not there: %v", err)
	}
	if err := db.ORM(set).Where("1/0 = 1").Find(&whos).Error; err == nil {
		t.Error("a failing statement succeeded")
	}
	gone := db.ORM(set).Where("current_setting('latchkey.family', true) = 'one'").Delete(&note{})
	if gone.Error != nil || gone.RowsAffected != 1 {
		t.Errorf("delete: %d, %v", gone.RowsAffected, gone.Error)
	}
}

// TestGormUnderASettingRefusesWhatCannotCarryIt: what gorm can only send through
// database/sql is refused, and does not run without the setting.
func TestGormUnderASettingRefusesWhatCannotCarryIt(t *testing.T) {
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // end of the test
	mustExec(t, db, "CREATE TABLE notes (id INT GENERATED ALWAYS AS IDENTITY, who TEXT)")
	set := database.WithSetting(t.Context(), "latchkey.family", "one")
	if err := db.ORM(set).Raw("SELECT 1").Row().Scan(new(int)); err == nil {
		t.Error("Row ran")
	}
	if rows, err := db.ORM(set).Raw("SELECT 1").Rows(); err == nil || rows != nil {
		t.Error("Rows ran")
	}
	type returned struct {
		ID  int
		Who string
	}
	if err := db.ORM(set).Table("notes").Create(&returned{Who: "x"}).Error; err == nil {
		t.Error("an insert that returns its id ran")
	}
	if err := db.ORM(set).Transaction(func(*gorm.DB) error { return nil }); err == nil {
		t.Error("gorm began a transaction of its own")
	}
	if n := 0; db.QueryRow(t.Context(), "SELECT count(*) FROM notes").Scan(&n) != nil || n != 0 {
		t.Errorf("%d rows were written", n)
	}
}
