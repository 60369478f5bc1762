package grant_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestRevokingIsForTheGrantsOwnClient(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.AddClient("other")
		first := w.redeemed(scope.Read)
		second := w.refresh(first.RefreshToken)
		for name, c := range map[string]struct {
			text, client string
			ends         bool
		}{
			"a stranger, access":       {second.AccessToken.Reveal(), "other", false},
			"a stranger, refresh":      {second.RefreshToken.Reveal(), "other", false},
			"the access token before":  {first.AccessToken.Reveal(), "app", false},
			"something else":           {"x", "app", false},
			"a code":                   {secret.New(secret.Code).Reveal(), "app", false},
			"the access token":         {second.AccessToken.Reveal(), "app", true},
			"the refresh token":        {second.RefreshToken.Reveal(), "app", true},
			"the refresh token before": {first.RefreshToken.Reveal(), "app", true},
		} {
			if err := w.Service.Revoke(w.Context(), c.text, c.client); err != nil || w.active(second.AccessToken) == c.ends {
				w.Errorf("%s: %v, active %v", name, err, !c.ends)
			}
			if c.ends && !w.sawDead(second.AccessToken) {
				w.Errorf("%s: resource servers were not told", name)
			}
			w.Exec(`UPDATE grants SET ended_at = NULL, end_reason = ''`)
		}
	})
}

// A grant that is ended while it is being refreshed reports the access token that
// is live at that moment.
func TestEndingAMovingGrantReportsItsNewestAccessToken(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		tokens := w.redeemed(scope.Read)
		for i := range 20 {
			var (
				next *authserver.Tokens
				err  error
				both sync.WaitGroup
			)
			both.Go(func() { next, err = w.tryRefresh(tokens.RefreshToken) })
			if err := w.Service.End(w.Context(), authserver.GrantFilter{ID: tokens.GrantID}, authserver.EndRevoked); err != nil {
				w.Fatal(err)
			}
			both.Wait()
			last := tokens
			if err == nil {
				last = next
			}
			if !w.sawDead(last.AccessToken) || w.active(last.AccessToken) {
				w.Fatalf("round %d: the newest access token was not reported (%v)", i, err)
			}
			w.Exec(`UPDATE grants SET ended_at = NULL, end_reason = ''`)
			tokens = last
		}
	})
}

// A2: codes in flight, and codes and sign-ins that are being made, meet whoever
// ends what they depend on.
func TestA2NothingIsBornBesideAnEnd(t *testing.T) {
	enders := map[string]func(ctx context.Context, w *world) error{
		"password": func(ctx context.Context, w *world) error {
			if _, err := w.Store.ReplacePassword(ctx, w.user.ID, "", "other", nil); err != nil {
				return err
			}
			if err := w.Store.EndSignins(ctx, w.user.ID, "", w.Now()); err != nil {
				return err
			}
			return w.Service.End(ctx, authserver.GrantFilter{UserID: w.user.ID}, authserver.EndPasswordChanged)
		},
		"sign-in": func(ctx context.Context, w *world) error {
			if _, err := w.Store.EndSignin(ctx, w.signin.Digest, w.Now()); err != nil {
				return err
			}
			return w.Service.End(ctx, authserver.GrantFilter{UserID: w.user.ID, SigninID: w.signin.ID}, authserver.EndSignedOut)
		},
		"deactivation": func(ctx context.Context, w *world) error {
			if _, err := w.Store.Deactivate(ctx, w.user.ID, true, w.Now()); err != nil {
				return err
			}
			return w.Service.End(ctx, authserver.GrantFilter{UserID: w.user.ID}, authserver.EndDeactivated)
		},
		"client": func(ctx context.Context, w *world) error {
			if err := w.Store.DisableClient(ctx, "app", w.Now()); err != nil {
				return err
			}
			if err := w.Service.End(ctx, authserver.GrantFilter{ClientID: "app"}, authserver.EndClientDeleted); err != nil {
				return err
			}
			return w.Store.DeleteClient(ctx, "app")
		},
		"consent": func(ctx context.Context, w *world) error {
			if _, err := w.Store.DeleteConsent(ctx, w.user.ID, "app"); err != nil {
				return err
			}
			return w.Service.End(ctx, authserver.GrantFilter{UserID: w.user.ID, ClientID: "app"}, authserver.EndConsentRevoked)
		},
	}
	for name, end := range enders {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, defaults(), func(w *world) {
				for range 10 {
					w.birthsBesideAnEnd(end)
				}
			})
		})
	}
}

func (w *world) birthsBesideAnEnd(end func(ctx context.Context, w *world) error) {
	w.user, w.signin = w.person()
	if _, err := w.Store.FindClient(w.Context(), "app"); fault.Is(err, fault.NotFound) {
		w.AddClient("app")
	}
	inFlight := w.approve(scope.Read)
	var (
		mu    sync.Mutex
		codes = []secret.Token{inFlight}
	)
	remembered := w.approval(scope.Read)
	remembered.Consented = false
	storetest.Race(9, func(i int) bool {
		switch {
		case i == 0:
			if err := w.DB.InTx(w.Context(), func(ctx context.Context) error { return end(ctx, w) }); err != nil {
				w.Errorf("the end failed: %v", err)
			}
		case i%2 == 0:
			code, err := w.Service.Approve(w.Context(), remembered)
			if err != nil && !errors.Is(err, grant.ErrNoParent) {
				w.Errorf("approve: %v", err)
			}
			if err == nil {
				mu.Lock()
				codes = append(codes, code)
				mu.Unlock()
			}
		default:
			_, err := w.Service.Redeem(w.Context(), exchange(inFlight))
			if _, refused := errors.AsType[*grant.Refusal](err); err != nil && !refused {
				w.Errorf("redeem: %v", err)
			}
		}
		return true
	})
	for _, code := range codes {
		if _, err := w.Service.Redeem(w.Context(), exchange(code)); err == nil {
			w.Error("a code redeems after the end")
		}
	}
	if n := w.Count(`SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL`, w.user.ID); n != 0 {
		w.Errorf("%d grants live on", n)
	}
}

// B4: a user and client have so many grants beside each other, and so many codes
// in flight; codes cannot push grants out.
func TestB4LiveGrantsAndCodesHaveALimit(t *testing.T) {
	settings := defaults()
	settings.MaxLive, settings.MaxCodes = 8, 3
	eachEngine(t, settings, func(w *world) {
		const live = `SELECT count(*) FROM grants WHERE ended_at IS NULL AND redeemed_at IS NOT NULL`
		idle, used := w.redeemed(scope.Read), w.redeemed(scope.Read)
		w.Pass(time.Minute)
		w.active(used.AccessToken)
		w.Service.FlushUses(w.Context())
		storetest.Race(20, func(int) bool {
			code, err := w.Service.Approve(w.Context(), w.approval(scope.Read))
			if err != nil {
				w.Error(err)
				return false
			}
			_, err = w.Service.Redeem(w.Context(), exchange(code))
			return err == nil
		})
		for range settings.MaxLive { // of those who raced, as few as three may have kept their codes
			w.redeemed(scope.Read)
		}
		if n := w.Count(live); n > 8 {
			w.Errorf("%d live grants", n)
		}
		if w.active(idle.AccessToken) || !w.sawDead(idle.AccessToken) {
			w.Error("the oldest idle grant lives on")
		}
		before := w.Count(live)
		storetest.Race(20, func(int) bool { w.approve(scope.Read); return true })
		w.approve(scope.Read)
		if n := w.Count(`SELECT count(*) FROM grants WHERE ended_at IS NULL AND redeemed_at IS NULL`); n > 3 {
			w.Errorf("%d codes in flight", n)
		}
		if n := w.Count(live); n != before {
			w.Errorf("codes pushed grants out: %d of %d are left", n, before)
		}
	})
}

// Where the oldest grants cannot be ended, the one just made is given all the
// same, and the next grant ends them.
func TestABirthDoesNotFailForWhatItCouldNotEnd(t *testing.T) {
	settings := defaults()
	settings.MaxLive = 1
	eachEngine(t, settings, func(w *world) {
		failing := grant.New(grant.Dependencies{
			Store: neverEnds{w.Store}, Events: w.Events(), Logger: slog.New(slog.DiscardHandler), Now: w.Now, Settings: settings,
		})
		for range 3 {
			code, err := failing.Approve(w.Context(), w.approval(scope.Read))
			if err != nil {
				w.Fatal(err)
			}
			w.Pass(time.Second)
			tokens, err := failing.Redeem(w.Context(), exchange(code))
			if err != nil || !w.active(tokens.AccessToken) {
				w.Fatalf("%+v, %v", tokens, err)
			}
		}
		w.redeemed(scope.Read)
		if n := w.Count(`SELECT count(*) FROM grants WHERE ended_at IS NULL`); n != 1 {
			w.Errorf("%d live grants", n)
		}
	})
}

type neverEnds struct{ grant.Store }

func (neverEnds) EndOldest(context.Context, string, string, bool, int, time.Time) ([]authserver.EndedGrant, error) {
	return nil, errors.New("away")
}
