package sso_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// docs/contract.md, "Stricter here": five wrong passwords, and the code is
// gone, also when they come at once.
func TestLinkingCodeDiesOfWrongPasswords(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.member("ada@example.com")
		s.IDP.Person("g-1", "grace@example.com", true)
		page, _ := s.app("")
		code := s.linkingCode(page)
		var mu sync.Mutex
		tried := map[string]int{}
		together(20, func() {
			a, err := s.tryPost("sso_link", object{"linking_code": code, "email": "ada@example.com", "password": "wrong"})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || a.Status != 401 {
				t.Errorf("%v %v", a, err)
				return
			}
			tried[a.Raw]++
		})
		if tried[`{"error":"Invalid email or password"}`] != authserver.MaxLinkFailures || tried[badLinking] != 20-authserver.MaxLinkFailures {
			t.Errorf("%v", tried)
		}
		s.want(s.post("sso_link", object{"linking_code": code, "email": "ada@example.com", "password": password}), 401, badLinking)
		s.want(s.post("sso_create_account", object{"linking_code": code}), 401, badLinking)
	})
}

// Twenty tries of each code at once have one winner.
func TestCodesHaveOneWinner(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		race := func(name string, body object) {
			t.Helper()
			var mu sync.Mutex
			won := 0
			together(20, func() {
				a, err := s.tryPost(name, body)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && a.Status == http.StatusOK:
					won++
				case err != nil || a.Status != http.StatusUnauthorized:
					t.Errorf("%s: %v %v", name, a, err)
				}
			})
			if won != 1 {
				t.Errorf("%s: %d winners", name, won)
			}
		}
		s.IDP.Person("g-1", "grace@example.com", true)
		page, _ := s.app("")
		race("sso_create_account", object{"linking_code": s.linkingCode(page)})
		page, _ = s.app("")
		race("sso_exchange", object{"code": s.code(page)})
		s.member("ada@example.com")
		s.IDP.Person("g-2", "ada@example.com", true)
		page, _ = s.app("")
		linking := s.linkingCode(page)
		var mu sync.Mutex
		won := 0
		together(5, func() { // more at once would be refused for the count of tries
			a, err := s.tryPost("sso_link", object{"linking_code": linking, "email": "ada@example.com", "password": password})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || a.Status != 200 && a.Status != 401 {
				t.Errorf("%v %v", a, err)
			} else if a.Status == 200 {
				won++
			}
		})
		if won != 1 {
			t.Errorf("sso_link: %d winners", won)
		}
		b := actor.NewBrowser(s.URL)
		back := s.IDP.SignIn(t, s.depart(b, "/auth/mobile/work?"+device)).String()
		codes := 0
		together(20, func() {
			p, err := b.Get(t.Context(), back)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil || p.Left == nil:
				t.Errorf("%v %v", p, err)
			case p.Left.Query().Has("code"):
				codes++
			case p.Left.Query().Get("error") != "missing_session":
				t.Errorf("%v", p.Left)
			}
		})
		if codes != 1 {
			t.Errorf("%d callbacks with one state won", codes)
		}
	})
}

// Nothing a browser or an app can present is in the tables.
func TestNothingPresentableAtRest(t *testing.T) {
	s := newSite(t, testenv.Embedded, nil)
	s.IDP.Person("g-1", "grace@example.com", true)
	b := actor.NewBrowser(s.URL)
	at := s.depart(b, "/auth/mobile/work?"+device).Query()
	s.linked("grace@example.com")
	code, _ := s.app("")
	s.IDP.Person("g-2", "ada@example.com", true)
	linking, _ := s.app("")
	secrets := map[string]string{
		"state": strings.TrimSuffix(at.Get("state"), ".m"), "nonce": at.Get("nonce"), "code": s.code(code), "linking code": s.linkingCode(linking),
	}
	for _, c := range b.Cookies() {
		secrets[c.Name] = c.Value
	}
	files, err := filepath.Glob(s.file + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range secrets {
			if text == "" || bytes.Contains(raw, []byte(text)) {
				t.Errorf("%s is in %s", name, filepath.Base(file))
			}
		}
	}
}
