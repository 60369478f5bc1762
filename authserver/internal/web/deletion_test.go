package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/authserver/internal/household"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// eraser is the resource API, as the worker that has households erased reaches it.
type eraser struct {
	*household.Client
	mu     sync.Mutex
	status int // of the next answers
	held   chan struct{}
}

// EraseFamily waits while it is held.
func (e *eraser) EraseFamily(ctx context.Context, familyID string) error {
	e.mu.Lock()
	held := e.held
	e.mu.Unlock()
	if held != nil {
		<-held
	}
	return e.Client.EraseFamily(ctx, familyID)
}

func (e *eraser) set(status int, held chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status, e.held = status, held
}

// erasing runs the worker of s until the test ends.
func erasing(t *testing.T, s *site) *eraser {
	t.Helper()
	e := &eraser{status: http.StatusServiceUnavailable}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		w.WriteHeader(e.status)
	}))
	t.Cleanup(api.Close)
	var err error
	if e.Client, err = household.New(api.URL, "the secret"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.People.RunOutbox(ctx, e); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return e
}

// TestADeletionCanBeFollowed: by who deleted the account, who is signed in nowhere, and by
// operators.
func TestADeletionCanBeFollowed(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		own := settings()
		own.Erases = true
		s := newSite(t, set, own, withOperator)
		boss, p := signedUp(t, s), signedUp(t, s)
		family := familyOf(t, s, p)
		shown := fill(t, p.Browser, open(t, p.Browser, "/settings/delete"), map[string]string{"password": p.Password})
		link := shown.URL.RequestURI()
		if shown.Status != http.StatusOK || shown.URL.Path != "/deletion" || !strings.Contains(shown.Header.Get("Referrer-Policy"), "strict-origin") || strings.Contains(shown.Text(), p.Email) {
			t.Fatalf("%d %s: %s", shown.Status, shown.URL, shown.Text())
		}
		anywhere := actor.NewBrowser(s.URL)
		both := func(person, operator string) {
			t.Helper()
			testenv.Eventually(t, 30*time.Second, person, func() bool { return strings.Contains(open(t, anywhere, link).Text(), person) })
			list := open(t, boss.Browser, "/operator/erasures?q="+family)
			wantText(t, list, family, operator)
			if strings.Contains(list.Text(), p.Email) {
				t.Errorf("the list names who left: %s", list.Text())
			}
		}
		wantText(t, shown, "Your account was deleted", "2 of 3 steps are done", "Waiting")
		both("Household's data erased Waiting", "Waiting 0 None")
		api := erasing(t, s)
		both("Trying again", "Failing 1 Refused, status 503")
		held := make(chan struct{})
		api.set(http.StatusNoContent, held)
		s.clock.advance(time.Minute)
		both("Running", "Running 2 Refused, status 503 Now")
		close(held)
		both("3 of 3 steps are done", "Done 2 None")
		if page := open(t, anywhere, link); strings.Contains(page.Body, "data-refresh") {
			t.Error("what is done is fetched again")
		}
		for _, state := range []string{"waiting", "failing"} {
			if page := open(t, boss.Browser, "/operator/erasures?state="+state); strings.Contains(page.Text(), family) {
				t.Errorf("%s: %s", state, page.Text())
			}
		}
		wantText(t, open(t, boss.Browser, "/operator/erasures?state=done"), family)
		if page := open(t, boss.Browser, "/operator/families"); strings.Contains(page.Body, family) {
			t.Errorf("a family that is gone is listed: %s", page.Text())
		}
		s.clock.advance(31 * 24 * time.Hour)
		for _, gone := range []string{link, "/deletion", "/deletion?token=x", "/deletion?token=" + strings.Repeat("x", 5000)} {
			if page, err := anywhere.Get(t.Context(), gone); err != nil || page.Status != http.StatusNotFound {
				t.Errorf("%.60s: %v %v", gone, page, err)
			}
		}
	})
}

// TestADeletionThatCanBeTakenBack says until when, and what is erased then; a household
// with others in it stays.
func TestADeletionThatCanBeTakenBack(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		own := settings()
		own.Erases, own.ErasureGrace = true, 7*24*time.Hour
		s := newSite(t, set, own, withOperator)
		boss := signedUp(t, s)
		admin := signedUp(t, s)
		guest := joined(t, s, admin)
		family := familyOf(t, s, admin)
		leave := func(p *actor.Person) string {
			t.Helper()
			page := fill(t, p.Browser, open(t, p.Browser, "/settings/delete"), map[string]string{"password": p.Password})
			wantText(t, page, "1 of 3 steps are done", "Account erased", s.clock.now().Add(own.ErasureGrace).UTC().Format("2 Jan 2006"), "Sign in to restore it")
			return page.URL.RequestURI()
		}
		of := leave(guest)
		if page := open(t, boss.Browser, "/operator/erasures"); strings.Contains(page.Text(), family) {
			t.Errorf("nothing is to be erased: %s", page.Text())
		}
		back := fill(t, guest.Browser, open(t, guest.Browser, "/signin"), map[string]string{"email": guest.Email, "password": guest.Password})
		fill(t, guest.Browser, back, nil)
		if page, err := guest.Browser.Get(t.Context(), of); err != nil || page.Status != http.StatusNotFound {
			t.Errorf("of an account that is back: %v %v", page, err)
		}
		fill(t, guest.Browser, open(t, guest.Browser, "/signin"), map[string]string{"email": guest.Email, "password": guest.Password})
		of = leave(guest)
		s.clock.advance(own.ErasureGrace + time.Second)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.People.RunErasures(ctx)
		testenv.Eventually(t, 30*time.Second, "it is erased", func() bool {
			return strings.Contains(open(t, guest.Browser, of).Text(), "3 of 3 steps are done")
		})
		wantText(t, open(t, guest.Browser, of), "Others are still in the household", "Stays")
	})
}
