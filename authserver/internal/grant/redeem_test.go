package grant_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestACodeIsRedeemedOnceAndOnlyAsItWasMade(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		code := w.approve(scope.ReadWrite)
		for name, c := range map[string]struct {
			spoil  func(x *grant.Exchange)
			reason string
		}{
			"client":    {func(x *grant.Exchange) { x.ClientID = "other" }, grant.ReasonUnknown},
			"redirect":  {func(x *grant.Exchange) { x.RedirectURI += "2" }, grant.ReasonRedirect},
			"challenge": {func(x *grant.Exchange) { x.Challenge = "" }, grant.ReasonVerifier},
			"malformed": {func(x *grant.Exchange) { x.Code = "x" }, grant.ReasonMalformed},
			"unknown":   {func(x *grant.Exchange) { x.Code = secret.New(secret.Code).Reveal() }, grant.ReasonUnknown},
		} {
			x := exchange(code)
			c.spoil(&x)
			_, err := w.Service.Redeem(w.Context(), x)
			if refused, ok := errors.AsType[*grant.Refusal](err); !ok || refused.Reason != c.reason {
				w.Errorf("%s: %v", name, err)
			}
		}
		tokens, err := w.Service.Redeem(w.Context(), exchange(code))
		if err != nil || tokens.Scopes != scope.ReadWrite || tokens.ExpiresIn(w.Now()) != 3600 {
			w.Fatalf("%+v, %v", tokens, err)
		}
		c, err := w.Service.Lookup(w.Context(), tokens.AccessToken)
		if err != nil || c.FamilyID != w.user.FamilyID || c.ID != tokens.GrantID || !c.Active(w.Now()) || c.Active(start.Add(2*time.Hour)) {
			w.Errorf("lookup: %+v, %v", c, err)
		}
	})
}

func TestAnExpiredCodeIsRefused(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		code := w.approve(scope.Read)
		w.Pass(time.Minute)
		_, err := w.Service.Redeem(w.Context(), exchange(code))
		w.wantRefused(err, grant.ReasonExpired)
	})
}

// B5: whoever has seen a code that was redeemed can end nothing with it alone.
func TestB5OnlyAReplayInFullEndsTheGrant(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		code := w.approve(scope.Read)
		tokens, err := w.Service.Redeem(w.Context(), exchange(code))
		if err != nil {
			w.Fatal(err)
		}
		for _, spoil := range []func(x *grant.Exchange){
			func(x *grant.Exchange) { x.ClientID = "other" },
			func(x *grant.Exchange) { x.RedirectURI = "" },
			func(x *grant.Exchange) { x.Challenge = "" },
			func(x *grant.Exchange) { x.Challenge = "x" },
		} {
			x := exchange(code)
			spoil(&x)
			if _, err := w.Service.Redeem(w.Context(), x); err == nil || !w.active(tokens.AccessToken) {
				w.Errorf("%+v: %v, active %v", x, err, w.active(tokens.AccessToken))
			}
		}
		next := w.refresh(tokens.RefreshToken)
		w.Pass(time.Hour)
		next = w.refresh(next.RefreshToken)
		_, err = w.Service.Redeem(w.Context(), exchange(code))
		w.wantRefused(err, grant.ReasonReplayed)
		if w.active(next.AccessToken) || !w.sawDead(next.AccessToken) {
			w.Error("the grant of a replayed code lives on")
		}
	})
}

// A code may be for one resource; a grant of one that is for none in particular
// is for the one its redemption names.
func TestResourceOfACode(t *testing.T) {
	const api, elsewhere = "https://api.example", "https://other.example"
	eachEngine(t, defaults(), func(w *world) {
		for _, c := range []struct {
			authorized, asked, got string
			refused                bool
		}{
			{"", "", "", false},
			{"", api, api, false},
			{api, "", api, false},
			{api, api, api, false},
			{api, elsewhere, "", true},
		} {
			a := w.approval(scope.Read)
			a.Resource = c.authorized
			code, err := w.Service.Approve(w.Context(), a)
			if err != nil {
				w.Fatal(err)
			}
			x := exchange(code)
			x.Resource = c.asked
			tokens, err := w.Service.Redeem(w.Context(), x)
			if c.refused {
				if !errors.Is(err, grant.ErrTarget) {
					w.Errorf("%+v: %v", c, err)
				}
				x.Challenge = "x"
				_, err = w.Service.Redeem(w.Context(), x)
				w.wantRefused(err, grant.ReasonVerifier)
				continue
			}
			if err != nil {
				w.Fatal(err)
			}
			if found, err := w.Service.Lookup(w.Context(), tokens.AccessToken); err != nil || found.Resource != c.got {
				w.Errorf("%+v: %+v, %v", c, found, err)
			}
		}
	})
}

func TestParallelRedemptionsHaveOneWinner(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		code := w.approve(scope.Read)
		wins := storetest.Race(50, func(int) bool {
			_, err := w.Service.Redeem(w.Context(), exchange(code))
			if _, refused := errors.AsType[*grant.Refusal](err); err != nil && !refused {
				w.Error(err)
			}
			return err == nil
		})
		if wins != 1 {
			w.Errorf("%d winners", wins)
		}
	})
}

func TestNothingIsBornOfWhatIsGone(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		for name, spoil := range map[string]string{
			"user deactivated": `UPDATE users SET deactivated_at = $1`,
			"sign-in ended":    `UPDATE signins SET ended_at = $1`,
			"client disabled":  `UPDATE clients SET disabled_at = $1`,
		} {
			w.Exec(spoil, start)
			for _, consented := range []bool{true, false} {
				a := w.approval(scope.Read)
				a.Consented = consented
				if _, err := w.Service.Approve(w.Context(), a); !errors.Is(err, grant.ErrNoParent) {
					w.Errorf("%s, consented %v: %v", name, consented, err)
				}
			}
			w.Exec(`UPDATE users SET deactivated_at = NULL`)
			w.Exec(`UPDATE signins SET ended_at = NULL`)
			w.Exec(`UPDATE clients SET disabled_at = NULL`)
		}
		remembered := w.approval(scope.Read)
		remembered.Consented = false
		if _, err := w.Service.Approve(w.Context(), remembered); !errors.Is(err, grant.ErrNoParent) {
			w.Errorf("no consent: %v", err)
		}
		w.approve(scope.Read)
		if _, err := w.Service.Approve(w.Context(), remembered); err != nil {
			w.Errorf("a remembered consent: %v", err)
		}
		remembered.Scopes = scope.ReadWrite
		if _, err := w.Service.Approve(w.Context(), remembered); !errors.Is(err, grant.ErrNoParent) {
			w.Errorf("a consent that does not cover: %v", err)
		}
		if n := w.Count(`SELECT count(*) FROM grants`); n != 2 {
			w.Errorf("%d grants", n)
		}
		_, err := w.Service.Open(w.Context(), grant.Opening{ClientID: "gone", UserID: w.user.ID, Scopes: scope.Read, Origin: authserver.OriginLogin})
		if !errors.Is(err, grant.ErrNoParent) {
			w.Errorf("open for an unknown client: %v", err)
		}
	})
}

func TestConsentIsRememberedWithTheCode(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		for _, c := range []struct {
			given []scope.Set // in turn
			want  scope.Set
			times int // that it was widened
		}{
			{[]scope.Set{scope.Read}, scope.Read, 1},
			{[]scope.Set{scope.Read, scope.Read}, scope.Read, 1},
			{[]scope.Set{scope.Read, scope.ReadWrite}, scope.All, 2},
			{[]scope.Set{scope.Read, scope.All, scope.Read}, scope.All, 2},
			{[]scope.Set{scope.ReadWrite, scope.Read}, scope.ReadWrite, 1},
			{[]scope.Set{scope.ReadWrite, scope.All}, scope.ReadWrite, 1},
		} {
			w.user, w.signin = w.person()
			for n, given := range c.given {
				w.At(time.Duration(n) * time.Second)
				w.approve(given)
			}
			var (
				scopes           string
				created, updated time.Time
			)
			err := w.DB.QueryRow(w.Context(), "SELECT scopes, created_at, updated_at FROM consents WHERE user_id = $1", w.user.ID).
				Scan(&scopes, &created, &updated)
			if err != nil {
				w.Fatalf("%v: %v", c.given, err)
			}
			last := start.Add(time.Duration(c.times-1) * time.Second)
			if scopes != c.want.String() || !created.Equal(start) || !updated.Equal(last) {
				w.Errorf("%v: %s, %v, %v", c.given, scopes, created, updated)
			}
		}
	})
}
