package web_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"latchkey/pkg/testenv/actor"
)

// kinds are those of the events of a family, in the order in which they happened.
func (s *site) kinds(t *testing.T) (kinds []string) {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), `SELECT kind FROM events WHERE family_id <> '' ORDER BY at, id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // Err is checked below
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, kind)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return kinds
}

func TestPagesLeaveEvents(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		key, _ := s.turnOn(t, p)
		makeKey(t, p.Browser, "Script")
		s.clock.advance(time.Minute)
		fill(t, p.Browser, open(t, p.Browser, "/settings/second-factor/off"), map[string]string{"password": p.Password, "otp_code": s.code(t, key, 0)})
		fill(t, p.Browser, open(t, p.Browser, "/settings/export"), nil)
		fill(t, p.Browser, open(t, p.Browser, "/settings/family"), map[string]string{"email": "grace@example.com", "role": "guest"}, "action", "invite")
		withdraw := regexp.MustCompile(`/settings/family/invitations/[0-9a-f-]{36}`).FindString(open(t, p.Browser, "/settings/family").Body)
		fill(t, p.Browser, open(t, p.Browser, withdraw), nil)
		other := actor.NewBrowser(s.URL)
		fill(t, other, open(t, other, "/signin"), map[string]string{"email": p.Email, "password": "wrong"})
		fill(t, other, open(t, other, "/signin"), map[string]string{"email": "nobody@example.com", "password": "wrong"})
		want := []string{
			"signup", "second_factor.on", "apikey.created", "second_factor.off", "account.exported", "family.invited",
			"family.invitation_revoked", "signin.failed",
		}
		if got := s.kinds(t); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}, withKeys)
}
