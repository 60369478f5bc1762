package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
)

// secondFactor sets one up for a user and returns its key and recovery codes.
func (s *site) secondFactor(t *testing.T, email string) (key string, recovery []string) {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	in := &authserver.Signin{ID: uuid.NewString(), User: *u}
	setup, err := s.People.BeginSecondFactor(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	key = strings.ReplaceAll(setup.Key, " ", "")
	if recovery, err = s.People.ConfirmSecondFactor(t.Context(), in, s.code(t, key, 0)); err != nil {
		t.Fatal(err)
	}
	return key, recovery
}

// code is what the person's app shows, some steps from now.
func (s *site) code(t *testing.T, key string, steps int) string {
	t.Helper()
	code, err := totp.GenerateCode(key, s.clock.now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// docs/contract.md, "Sign in": the second factor.
func TestLoginWithSecondFactor(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		s.member(t, "ada@example.com")
		key, recovery := s.secondFactor(t, "ada@example.com")
		try := func(code string) *answer {
			return s.post(t, "/api/v1/auth/login", object{"email": "ada@example.com", "password": password, "otp_code": code, "device": device("d1")})
		}
		const asked = `{"error":"Two-factor authentication required","mfa_required":true}`
		for name, code := range map[string]string{
			"none": "", "wrong": "000000", "letters": "abcdef", "used at setup": s.code(t, key, 0),
			"two steps ahead": s.code(t, key, 2), "long": strings.Repeat("1", 5000), "unknown recovery": "aaaa-bbbb-cccc-dddd",
		} {
			if a := try(code); a.Status != 401 || a.Raw != asked {
				t.Errorf("%s: %d %s", name, a.Status, a.Raw)
			}
		}
		a := s.post(t, "/api/v1/auth/login", object{"email": "ada@example.com", "password": "wrong", "otp_code": s.code(t, key, 1), "device": device("d1")})
		if a.Status != 401 || strings.Contains(a.Raw, "mfa") {
			t.Errorf("a wrong password tells of the second factor: %s", a.Raw)
		}
		next := s.code(t, key, 1)
		if a := try(next[:3] + " " + next[3:]); a.Status != http.StatusOK {
			t.Errorf("the next code, with a blank: %d %s", a.Status, a.Raw)
		}
		if a := try(next); a.Raw != asked {
			t.Errorf("the same code twice: %d", a.Status)
		}
		s.clock.advance(2 * time.Minute)
		if a := try(s.code(t, key, -1)); a.Status != http.StatusOK {
			t.Errorf("one step late: %d", a.Status)
		}
		if a := try(strings.ToUpper(recovery[3])); a.Status != http.StatusOK {
			t.Errorf("recovery code: %d %s", a.Status, a.Raw)
		}
		if a := try(recovery[3]); a.Raw != asked {
			t.Errorf("recovery code twice: %d", a.Status)
		}
		s.nothingReadable(t, key, recovery)
	})
}

// nothingReadable searches the tables for the secret and the recovery codes.
func (s *site) nothingReadable(t *testing.T, key string, recovery []string) {
	t.Helper()
	factors, err := s.Store.ListSecondFactors(t.Context())
	if err != nil || len(factors) != 1 {
		t.Fatalf("%v %v", factors, err)
	}
	if strings.Contains(string(factors[0].Sealed), key) {
		t.Error("the secret is readable in the table")
	}
	var readable int
	err = s.DB.QueryRow(t.Context(), `SELECT count(*) FROM recovery_codes WHERE digest = $1`, []byte(recovery[0])).Scan(&readable)
	if err != nil || readable != 0 {
		t.Errorf("%d readable recovery codes, %v", readable, err)
	}
}

func TestThrottles(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		tight := settings()
		tight.Throttles.SigninAccount = []struct {
			Max    int
			Window time.Duration
		}{{5, time.Minute}}
		tight.Throttles.SecondFactor = tight.Throttles.SigninAccount
		s := newSite(t, set, tight)
		s.member(t, "ada@example.com")
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			got := s.together(t, 40, "/api/v1/auth/login", func(int) object {
				return object{"email": email, "password": "Wrong-1234!", "device": device("d1")}
			})
			if got[401] < 5 || got[401] > 16 || got[401]+got[429] != 40 {
				t.Errorf("%s: %v; five failures and no more than one per core beyond", email, got)
			}
			a := s.post(t, "/api/v1/auth/login", object{"email": email, "password": password, "device": device("d1")})
			if a.Status != 429 || a.Header.Get("Retry-After") == "" || a.text("error") == "" {
				t.Errorf("%s: the right password while blocked: %d %s", email, a.Status, a.Raw)
			}
		}
		s.member(t, "bob@example.com")
		if a := s.login(t, "bob@example.com", "d1"); a.Status != 200 {
			t.Errorf("somebody else: %d", a.Status)
		}
		key, _ := s.secondFactor(t, "bob@example.com") // counts one
		for i := range 5 {
			a := s.post(t, "/api/v1/auth/login", object{"email": "bob@example.com", "password": password, "otp_code": "000000", "device": device("d1")})
			if want := 401; i < 4 && a.Status != want {
				t.Errorf("second factor %d: %d", i, a.Status)
			} else if i == 4 && a.Status != 429 {
				t.Errorf("second factor %d: %d", i, a.Status)
			}
		}
		a := s.post(t, "/api/v1/auth/login", object{"email": "bob@example.com", "password": password, "otp_code": s.code(t, key, 1), "device": device("d1")})
		if a.Status != 429 {
			t.Errorf("right code while blocked: %d", a.Status)
		}
		if set == testenv.Embedded { // Redis keeps its own clock
			s.clock.advance(3 * time.Minute)
			if a := s.login(t, "ada@example.com", "d1"); a.Status != 200 {
				t.Errorf("after waiting: %d %s", a.Status, a.Raw)
			}
		}
	})
}
