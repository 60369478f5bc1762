package e2e

import (
	"bufio"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// The counters of refreshes that were seen as theft, and of those that overlap
// spared a sign-out.
const (
	reusedCounter  = "oauth_refresh_reused_total"
	overlapCounter = "overlap"
)

// counted adds up the metrics of authserver that have text in name or labels.
func (w *world) counted(text string) (total float64) {
	w.t.Helper()
	metrics := w.send(http.MethodGet, w.Auth.Ops+"/metrics", nil, "")
	wantStatus(w.t, metrics, http.StatusOK)
	lines := bufio.NewScanner(strings.NewReader(string(metrics.Body)))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && strings.Contains(name, text) {
			total += n
		}
	}
	return total
}

// wantRefused wants the resource API to refuse an access token within the bound.
func (w *world) wantRefused(token string) {
	w.t.Helper()
	if err := within(w.t.Context(), func() error {
		return want(w.call(http.MethodGet, accounts, token, nil), http.StatusUnauthorized, nil)
	}); err != nil {
		w.t.Errorf("a dead access token: %v", err)
	}
}

// wantEnded wants nothing of a grant to be left.
func (w *world) wantEnded(app *actor.App, newest Pair, why string) {
	w.t.Helper()
	w.wantActive(newest.Access, false, "newest access token after "+why)
	wantError(w.t, w.refresh(app, newest.Refresh), http.StatusBadRequest, "invalid_grant")
}

// A thief has copied a pair. He uses the access token until it dies, which is when
// its owner has refreshed, and then the refresh token: the owner's use of the new
// pair is what tells them apart.
func TestA5_AThiefIsFoundOutAtHisFirstReplay(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		for how, use := range map[string]func(app *actor.App, pair Pair) Pair{
			"a call": func(_ *actor.App, pair Pair) Pair {
				wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
				return pair
			},
			"an introspection": func(_ *actor.App, pair Pair) Pair {
				w.wantActive(pair.Access, true, "the new access token")
				return pair
			},
			"a refresh": func(app *actor.App, pair Pair) Pair { return w.refreshed(app, pair.Refresh) },
		} {
			for _, app := range []*actor.App{w.public(), w.confidential()} {
				stolen := w.tokens(app, "read")
				wantStatus(w.t, w.call(http.MethodGet, accounts, stolen.Access, nil), http.StatusOK)
				newest := use(app, w.refreshed(app, stolen.Refresh))
				w.wantRefused(stolen.Access)
				before := w.counted(reusedCounter)
				wantError(w.t, w.refresh(app, stolen.Refresh), http.StatusBadRequest, "invalid_grant")
				w.wantEnded(app, newest, "a replay, the new pair being used by "+how)
				if after := w.counted(reusedCounter); after != before+1 {
					w.t.Errorf("%s: counted %v times", how, after-before)
				}
			}
		}
	})
}

// The product's own app may overlap for a while, at most for the retry window;
// afterwards a replay is theft.
func TestA5_AThiefOfTheOwnAppIsFoundOutOnceOverlapIsOver(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REFRESH_RETRY_WINDOW": "1s"}}, func(w *world) {
		stolen, err := pairOf(w.login(w.person(), "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		newest, err := pairOf(w.refreshApp(stolen.Refresh, "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		wantStatus(w.t, w.call(http.MethodGet, accounts, newest.Access, nil), http.StatusOK)
		<-time.After(1100 * time.Millisecond)
		wantStatus(w.t, w.refreshApp(stolen.Refresh, "phone"), http.StatusUnauthorized)
		w.wantActive(newest.Access, false, "newest access token after a replay")
		wantStatus(w.t, w.refreshApp(newest.Refresh, "phone"), http.StatusUnauthorized)
	})
}

// Whoever saw an access token can end nothing with it once it was replaced.
func TestA5_AnOldAccessTokenEndsNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		old := w.tokens(app, "read")
		pair := w.refreshed(app, old.Refresh)
		w.wantActive(pair.Access, true, "the new access token")
		for _, client := range []*actor.App{app, w.public(), w.confidential()} {
			for _, hint := range []string{"", "access_token", "refresh_token"} {
				wantStatus(w.t, w.form(client, "/oauth/revoke", url.Values{"token": {old.Access}, "token_type_hint": {hint}}), http.StatusOK)
			}
			wantError(w.t, w.refresh(client, old.Access), http.StatusBadRequest, "invalid_grant")
			wantError(w.t, w.exchange(client, old.Access, actor.NewPKCE().Verifier), http.StatusBadRequest, "invalid_grant")
		}
		w.wantActive(old.Access, false, "the old access token")
		wantStatus(w.t, w.call(http.MethodGet, accounts, old.Access, nil), http.StatusUnauthorized)
		w.wantActive(pair.Access, true, "the new access token after all that")
		w.refreshed(app, pair.Refresh)
	})
}

func TestA5_AnOldAccessTokenOfTheOwnAppEndsNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		old, err := pairOf(w.login(w.person(), "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		pair, err := pairOf(w.refreshApp(old.Refresh, "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		logout := w.send(http.MethodDelete, w.Auth.URL+"/api/v1/auth/logout", bearer(old.Access), "")
		wantStatus(w.t, logout, http.StatusUnauthorized)
		w.wantActive(pair.Access, true, "the new access token")
	})
}

// What was spent means nothing to anybody but its own client.
func TestA5_AnotherClientsReplayEndsNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		spent := w.tokens(app, "read")
		pair := w.refreshed(app, spent.Refresh)
		w.wantActive(pair.Access, true, "the new access token")
		for _, stranger := range []*actor.App{w.public(), w.confidential()} {
			wantError(w.t, w.refresh(stranger, spent.Refresh), http.StatusBadRequest, "invalid_grant")
			wantStatus(w.t, w.form(stranger, "/oauth/revoke", url.Values{"token": {spent.Refresh}}), http.StatusOK)
			wantStatus(w.t, w.refreshApp(spent.Refresh, "phone"), http.StatusUnauthorized)
		}
		w.wantActive(pair.Access, true, "the new access token after strangers presented the spent one")
		w.refreshed(app, pair.Refresh)
	})
}
