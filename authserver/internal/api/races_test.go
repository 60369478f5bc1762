package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv"
)

// together sends n requests at once and returns how often each status came.
func (s *site) together(t *testing.T, n int, path string, body func(i int) object) map[int]int {
	t.Helper()
	statuses := make(chan int, n)
	for i := range n {
		raw := encode(t, body(i))
		go func() {
			a, err := s.trySend(t.Context(), http.MethodPost, path, "application/json", raw)
			if err != nil {
				t.Error(err)
				statuses <- 0
				return
			}
			statuses <- a.Status
		}()
	}
	count := map[int]int{}
	for range n {
		count[<-statuses]++
	}
	return count
}

func TestSignupRace(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		got := s.together(t, 6, "/api/v1/auth/signup", func(int) object { return signup("same@example.com") })
		if got[201] != 1 || got[422] != 5 {
			t.Errorf("six sign-ups with one address: %v", got)
		}
		var operators int
		if err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM users WHERE operator`).Scan(&operators); err != nil || operators != 1 {
			t.Errorf("%d operators, %v", operators, err)
		}
	})
}

func TestFirstUserRace(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		got := s.together(t, 4, "/api/v1/auth/signup", func(i int) object { return signup(fmt.Sprintf("p%d@example.com", i)) })
		var operators int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM users WHERE operator`).Scan(&operators)
		if got[201] != 4 || operators != 1 || err != nil {
			t.Errorf("%v, %d operators, %v", got, operators, err)
		}
	})
}

func TestInviteRace(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		only := settings()
		only.Signup = account.SignupInvite
		s := newSite(t, set, only)
		_, code, err := s.People.CreateInvite(t.Context(), "", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		got := s.together(t, 2, "/api/v1/auth/signup", func(i int) object {
			body := signup(fmt.Sprintf("p%d@example.com", i))
			body["invite_code"] = code.Reveal()
			return body
		})
		if got[201] != 1 || got[403] != 1 {
			t.Errorf("two sign-ups with one code: %v", got)
		}
	})
}

func TestLoginRaceOnOneDevice(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		s.member(t, "ada@example.com")
		got := s.together(t, 16, "/api/v1/auth/login", func(int) object {
			return object{"email": "ada@example.com", "password": password, "device": device("d1")}
		})
		if got[200] != 16 {
			t.Errorf("sixteen sign-ins at once: %v", got)
		}
		var alive int
		if err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM grants WHERE ended_at IS NULL`).Scan(&alive); err != nil || alive != 1 {
			t.Errorf("%d live grants on one device, %v", alive, err)
		}
	})
}

func TestSecondFactorRace(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		s.member(t, "ada@example.com")
		key, recovery := s.secondFactor(t, "ada@example.com")
		for name, code := range map[string]string{"app": s.code(t, key, 1), "recovery": recovery[0]} {
			got := s.together(t, 8, "/api/v1/auth/login", func(i int) object {
				return object{"email": "ada@example.com", "password": password, "otp_code": code, "device": device(fmt.Sprint("d", i))}
			})
			if got[200] != 1 || got[401] != 7 {
				t.Errorf("eight sign-ins with one %s code: %v", name, got)
			}
		}
	})
}
