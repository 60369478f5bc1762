package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

func TestS24_RefreshRotates(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read_write")
		second := w.refreshed(app, first.Refresh)
		if second.Access == first.Access || second.Refresh == first.Refresh || second.Scope != first.Scope {
			w.t.Errorf("from %+v to %+v", first, second)
		}
		w.wantActive(first.Access, false, "old access token")
		w.wantActive(second.Access, true, "new access token")
	})
}

func TestS25_T09_T11_ReuseAfterTheSuccessorWasUsedEndsTheGrant(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		third := w.refreshed(app, second.Refresh)
		wantError(w.t, w.refresh(app, first.Refresh), http.StatusBadRequest, "invalid_grant")
		w.wantActive(third.Access, false, "newest access token after reuse")
		wantError(w.t, w.refresh(app, third.Refresh), http.StatusBadRequest, "invalid_grant")
	})
}

func TestS25_ReuseWithoutARetryWindowEndsTheGrant(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REFRESH_RETRY_WINDOW": "0s"}}, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		wantError(w.t, w.refresh(app, first.Refresh), http.StatusBadRequest, "invalid_grant")
		w.wantActive(second.Access, false, "the pair the first refresh answered")
		wantError(w.t, w.refresh(app, second.Refresh), http.StatusBadRequest, "invalid_grant")
	})
}

func TestS25_ReuseOutsideTheWindowEndsTheGrant(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REFRESH_RETRY_WINDOW": "300ms"}}, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		<-time.After(400 * time.Millisecond)
		wantError(w.t, w.refresh(app, first.Refresh), http.StatusBadRequest, "invalid_grant")
		w.wantActive(second.Access, false, "the pair the first refresh answered")
	})
}

func TestS26_T08_ARetryAnswersTheSamePair(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		for range 3 {
			again := w.refreshed(app, first.Refresh)
			if again.Access != second.Access || again.Refresh != second.Refresh || again.Scope != second.Scope {
				w.t.Fatalf("a retry answered another pair")
			}
			if again.ExpiresIn > second.ExpiresIn || again.ExpiresIn < second.ExpiresIn-60 {
				w.t.Errorf("expires_in was %d and is %d", second.ExpiresIn, again.ExpiresIn)
			}
		}
		w.wantActive(second.Access, true, "the pair after retries")
	})
}

func TestS27_T03_AnotherClientCannotTouchAGrant(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, stranger, secretive := w.public(), w.public(), w.confidential()
		first := w.tokens(app, "read")
		for _, other := range []*actor.App{stranger, secretive} {
			wantError(w.t, w.refresh(other, first.Refresh), http.StatusBadRequest, "invalid_grant")
		}
		second := w.refreshed(app, first.Refresh)
		third := w.refreshed(app, second.Refresh)
		for _, other := range []*actor.App{stranger, secretive} {
			for _, spent := range []string{first.Refresh, second.Refresh, third.Refresh} {
				wantError(w.t, w.refresh(other, spent), http.StatusBadRequest, "invalid_grant")
			}
		}
		w.wantActive(third.Access, true, "access token after strangers presented spent tokens")
		w.refreshed(app, third.Refresh)
	})
}

func TestS28_T12_ScopeMayBeNarrowedNeverWidened(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		with := func(token, scope string) *actor.Answer {
			return w.token(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}})
		}
		reader := w.tokens(app, "read")
		wantError(w.t, with(reader.Refresh, "read_write"), http.StatusBadRequest, "invalid_scope")
		wantError(w.t, with(reader.Refresh, "admin"), http.StatusBadRequest, "invalid_scope")
		w.refreshed(app, reader.Refresh)

		writer := w.tokens(app, "read_write")
		narrow, err := pairOf(with(writer.Refresh, "read"))
		if err != nil {
			w.t.Fatal(err)
		}
		if narrow.Scope != "read" {
			w.t.Errorf("narrowed to %q", narrow.Scope)
		}
		wantError(w.t, w.call(http.MethodPost, "/api/v1/transactions", narrow.Access, map[string]any{}), http.StatusForbidden, "insufficient_scope")
		if wide := w.refreshed(app, narrow.Refresh); wide.Scope != "read_write" {
			w.t.Errorf("the grant itself should not have shrunk: %q", wide.Scope)
		}
	})
}

func TestRefreshRefusesWhatIsNoRefreshToken(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read")
		for _, token := range []string{"x", pair.Access, flipped(pair.Refresh), pair.Refresh + " ", "ort_"} {
			wantError(w.t, w.refresh(app, token), http.StatusBadRequest, "invalid_grant")
		}
		wantError(w.t, w.token(app, url.Values{"grant_type": {"refresh_token"}}), http.StatusBadRequest, "invalid_request")
		w.wantActive(pair.Access, true, "access token after all that")
	})
}
