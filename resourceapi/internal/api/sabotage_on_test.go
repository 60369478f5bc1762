//go:build sabotage

package api_test

import (
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

const sabotaged = true

// TestSabotageLeaksWithoutRowSecurity is the control: a role that row security
// does not bind sees another family's rows in this build. What keeps the
// isolation suite green is row security, then, and nothing else.
func TestSabotageLeaksWithoutRowSecurity(t *testing.T) {
	db, err := database.Open(t.Context(), schema.Database(t, testenv.Production), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := serve(t, testenv.Production, db)
	victim := s.family()
	made := victim.do("POST", "/api/v1/tags", object{"tag": object{"name": "mine"}}).want(201).text("id")
	if got := s.family().get("/api/v1/tags/" + made); got.status != 200 {
		t.Errorf("nothing leaks without the predicate and without row security: %d", got.status)
	}
}
