package grant_test

import (
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestWithoutAWindowThereIsNeitherRetryNorOverlap(t *testing.T) {
	settings := defaults()
	settings.RetryWindow = 0
	eachEngine(t, settings, func(w *world) {
		w.Exec(`UPDATE clients SET refresh_overlap = 3600`)
		first := w.redeemed(scope.Read)
		w.refresh(first.RefreshToken)
		_, err := w.tryRefresh(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}

func TestAnOverlapAnswersTheDirectParentOfAPairInUse(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.Exec(`UPDATE clients SET refresh_overlap = 600`)
		first := w.redeemed(scope.Read)
		second := w.refresh(first.RefreshToken)
		if !w.active(second.AccessToken) {
			w.Fatal("not active")
		}
		w.Pass(9 * time.Minute)
		again := w.refresh(first.RefreshToken)
		if again.AccessToken != second.AccessToken || again.RefreshToken != second.RefreshToken || again.ExpiresIn(w.Now()) != 3060 {
			w.Errorf("got %+v", again)
		}
		if w.repeated[grant.RepeatOverlap] != 1 {
			w.Errorf("counted %v", w.repeated)
		}
		third := w.refresh(second.RefreshToken)
		if !w.active(third.AccessToken) {
			w.Fatal("not active")
		}
		_, err := w.tryRefresh(first.RefreshToken) // the grandparent
		w.wantRefused(err, grant.ReasonReused)
	})
}

func TestAnOverlapEnds(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.Exec(`UPDATE clients SET refresh_overlap = 600`)
		first := w.redeemed(scope.Read)
		w.refresh(first.RefreshToken)
		w.Pass(10 * time.Minute)
		_, err := w.tryRefresh(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}

func TestTheProductsOwnAppsOverlapForTenSeconds(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		if err := w.Store.EnsureFirstParty(w.Context(), start); err != nil {
			w.Fatal(err)
		}
		first, err := w.Service.Open(w.Context(), grant.Opening{
			ClientID: authserver.FirstPartyClientID, UserID: w.user.ID, Scopes: scope.ReadWrite, Origin: authserver.OriginLogin,
		})
		if err != nil {
			w.Fatal(err)
		}
		ask := func(t secret.Token) (*authserver.Tokens, error) {
			return w.Service.Refresh(w.Context(), grant.RefreshRequest{RefreshToken: t.Reveal(), ClientID: authserver.FirstPartyClientID})
		}
		second, err := ask(first.RefreshToken)
		if err != nil || !w.active(second.AccessToken) {
			w.Fatal(err)
		}
		w.Pass(9 * time.Second)
		if again, err := ask(first.RefreshToken); err != nil || again.RefreshToken != second.RefreshToken {
			w.Errorf("%+v, %v", again, err)
		}
		w.Pass(time.Second)
		_, err = ask(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}
