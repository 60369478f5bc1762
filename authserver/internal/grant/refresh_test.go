package grant_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestARefreshMovesTheGrantOn(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		first := w.redeemed(scope.ReadWrite)
		w.pass(time.Minute)
		second, err := w.Service.Refresh(w.Context(), grant.RefreshRequest{
			RefreshToken: first.RefreshToken.Reveal(), ClientID: "app", Scopes: scope.Read,
		})
		if err != nil || second.GrantID != first.GrantID || second.Scopes != scope.Read || second.ExpiresIn(w.clock()) != 3600 {
			w.Fatalf("%+v, %v", second, err)
		}
		if w.active(first.AccessToken) || !w.sawDead(first.AccessToken) {
			w.Error("the access token before is still good")
		}
		if c, err := w.Service.Lookup(w.Context(), second.AccessToken); err != nil || c.Scopes != scope.Read {
			w.Errorf("%+v, %v", c, err)
		}
		third := w.refresh(second.RefreshToken)
		if third.Scopes != scope.ReadWrite {
			w.Errorf("a scope that was not asked for is the grant's: %v", third.Scopes)
		}
		if n := w.count(`SELECT count(*) FROM grants`); n != 1 {
			w.Errorf("a grant has %d rows", n)
		}
	})
}

func TestARefreshIsRefused(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.client("other")
		tokens := w.redeemed(scope.Read)
		ask := func(change func(r *grant.RefreshRequest)) error {
			r := grant.RefreshRequest{RefreshToken: tokens.RefreshToken.Reveal(), ClientID: "app"}
			change(&r)
			_, err := w.Service.Refresh(w.Context(), r)
			return err
		}
		w.wantRefused(ask(func(r *grant.RefreshRequest) { r.ClientID = "other" }), grant.ReasonUnknown)
		w.wantRefused(ask(func(r *grant.RefreshRequest) { r.RefreshToken = "x" }), grant.ReasonMalformed)
		w.wantRefused(ask(func(r *grant.RefreshRequest) { r.RefreshToken = tokens.AccessToken.Reveal() }), grant.ReasonMalformed)
		w.wantRefused(ask(func(r *grant.RefreshRequest) { r.RefreshToken = secret.New(secret.RefreshToken).Reveal() }), grant.ReasonUnknown)
		if err := ask(func(r *grant.RefreshRequest) { r.Scopes = scope.ReadWrite }); !errors.Is(err, grant.ErrScope) {
			w.Errorf("a wider scope: %v", err)
		}
		if err := ask(func(r *grant.RefreshRequest) { r.Resource = "https://other.example" }); !errors.Is(err, grant.ErrTarget) {
			w.Errorf("another resource: %v", err)
		}
		if !w.active(tokens.AccessToken) {
			w.Error("a refused refresh changes nothing")
		}
		w.pass(24 * time.Hour)
		w.wantRefused(ask(func(*grant.RefreshRequest) {}), grant.ReasonExpired)
	})
}

func TestAGrantEndsAbsolutely(t *testing.T) {
	settings := defaults()
	settings.Lifetime = 2 * time.Hour
	eachEngine(t, settings, func(w *world) {
		tokens := w.redeemed(scope.Read)
		w.pass(90 * time.Minute)
		tokens = w.refresh(tokens.RefreshToken)
		if got := tokens.AccessExpiresAt; !got.Equal(start.Add(2 * time.Hour)) {
			w.Errorf("the access token ends at %v", got)
		}
		w.pass(30 * time.Minute)
		_, err := w.tryRefresh(tokens.RefreshToken)
		w.wantRefused(err, grant.ReasonEnded)
		if w.active(tokens.AccessToken) {
			w.Error("the access token outlives the grant")
		}
	})
}

func TestALostAnswerIsGivenAgainUntilItIsUsed(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		first := w.redeemed(scope.Read)
		second := w.refresh(first.RefreshToken)
		w.pass(20 * time.Second)
		var differ atomic.Int64
		replicas := []*grant.Service{w.Service, w.service()}
		race(200, func(i int) bool {
			again, err := replicas[i%2].Refresh(w.Context(), grant.RefreshRequest{RefreshToken: first.RefreshToken.Reveal(), ClientID: "app"})
			if err != nil || again.AccessToken != second.AccessToken || again.RefreshToken != second.RefreshToken ||
				!again.IssuedAt.Equal(second.IssuedAt) || again.ExpiresIn(w.clock()) != 3580 {
				differ.Add(1)
			}
			return true
		})
		if n := differ.Load(); n != 0 || w.repeated[grant.RepeatRetry] != 200 {
			w.Errorf("%d of 200 answers differ; counted %v", n, w.repeated)
		}
		if !w.active(second.AccessToken) {
			w.Fatal("the pair is not good")
		}
		_, err := w.tryRefresh(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
		if w.active(second.AccessToken) || !w.sawDead(second.AccessToken) || w.reused != 1 {
			w.Error("reuse after the first use must end the grant")
		}
	})
}

// A5: a thief who waits for the owner to move on is seen at his first replay.
func TestA5AReplayAfterTheOwnerHasMovedOnEndsTheGrant(t *testing.T) {
	for name, use := range map[string]func(w *world, pair *authserver.Tokens){
		"introspection": func(w *world, pair *authserver.Tokens) { w.active(pair.AccessToken) },
		"refresh":       func(w *world, pair *authserver.Tokens) { w.refresh(pair.RefreshToken) },
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, defaults(), func(w *world) {
				stolen := w.redeemed(scope.Read)
				owners := w.refresh(stolen.RefreshToken)
				use(w, owners)
				if w.active(stolen.AccessToken) {
					w.Error("the old access token is good")
				}
				_, err := w.tryRefresh(stolen.RefreshToken)
				w.wantRefused(err, grant.ReasonReused)
				if n := w.count(`SELECT count(*) FROM grants WHERE ended_at IS NULL`); n != 0 {
					w.Error("the grant lives on")
				}
			})
		})
	}
}

func TestAReplayOutsideTheWindowEndsTheGrant(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		first := w.redeemed(scope.Read)
		w.refresh(first.RefreshToken)
		w.pass(time.Minute)
		_, err := w.tryRefresh(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}

func TestWithoutAWindowThereIsNeitherRetryNorOverlap(t *testing.T) {
	settings := defaults()
	settings.RetryWindow = 0
	eachEngine(t, settings, func(w *world) {
		w.exec(`UPDATE clients SET refresh_overlap = 3600`)
		first := w.redeemed(scope.Read)
		w.refresh(first.RefreshToken)
		_, err := w.tryRefresh(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}

func TestAnOverlapAnswersTheDirectParentOfAPairInUse(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.exec(`UPDATE clients SET refresh_overlap = 600`)
		first := w.redeemed(scope.Read)
		second := w.refresh(first.RefreshToken)
		if !w.active(second.AccessToken) {
			w.Fatal("not active")
		}
		w.pass(9 * time.Minute)
		again := w.refresh(first.RefreshToken)
		if again.AccessToken != second.AccessToken || again.RefreshToken != second.RefreshToken || again.ExpiresIn(w.clock()) != 3060 {
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
		w.exec(`UPDATE clients SET refresh_overlap = 600`)
		first := w.redeemed(scope.Read)
		w.refresh(first.RefreshToken)
		w.pass(10 * time.Minute)
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
		w.pass(9 * time.Second)
		if again, err := ask(first.RefreshToken); err != nil || again.RefreshToken != second.RefreshToken {
			w.Errorf("%+v, %v", again, err)
		}
		w.pass(time.Second)
		_, err = ask(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}

// Several replicas refresh many grants at once, each in several requests: one of
// them moves it on, and all are given the same pair.
func TestReplicasRefreshManyGrants(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		const grants, requests = 20, 6
		replicas := []*grant.Service{w.Service, w.service(), w.service()}
		var (
			mu    sync.Mutex
			pairs [grants]map[secret.Token]bool
			first [grants]*authserver.Tokens
		)
		for i := range grants {
			first[i], pairs[i] = w.redeemed(scope.Read), map[secret.Token]bool{}
		}
		race(grants*requests, func(n int) bool {
			i := n % grants
			got, err := replicas[n%len(replicas)].Refresh(w.Context(), grant.RefreshRequest{RefreshToken: first[i].RefreshToken.Reveal(), ClientID: "app"})
			if err != nil || got.GrantID != first[i].GrantID {
				w.Errorf("grant %d: %+v, %v", i, got, err)
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			pairs[i][got.RefreshToken] = true
			return true
		})
		for i, got := range pairs {
			if len(got) != 1 {
				w.Errorf("grant %d: %d different pairs", i, len(got))
			}
		}
		if n := w.count(`SELECT count(*) FROM grants WHERE generation = 2 AND ended_at IS NULL`); n != grants {
			w.Errorf("%d grants were moved on once", n)
		}
	})
}

// B4: refreshes of one user and client are limited.
func TestB4RefreshesAndCodesAreLimited(t *testing.T) {
	settings := defaults()
	settings.CodesPerMinute, settings.RefreshesPerMinute = 5, 3
	eachEngine(t, settings, func(w *world) {
		tokens := w.redeemed(scope.Read)
		for range 3 {
			tokens = w.refresh(tokens.RefreshToken)
		}
		if _, err := w.tryRefresh(tokens.RefreshToken); !fault.Is(err, fault.RateLimited) {
			w.Errorf("the fourth refresh: %v", err)
		}
		w.pass(20 * time.Second)
		w.refresh(tokens.RefreshToken)
		for range 10 {
			if _, err := w.Service.Approve(w.Context(), w.approval(scope.Read)); fault.Is(err, fault.RateLimited) {
				return
			}
		}
		w.Error("codes are not limited")
	})
}

// The answer to a resource server does not wait for a row that somebody holds.
func TestALookupDoesNotWaitForALock(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		first := w.redeemed(scope.Read)
		second := w.refresh(first.RefreshToken)
		held, release := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			done <- w.DB.InTx(context.WithoutCancel(w.Context()), func(ctx context.Context) error {
				_, err := w.DB.Exec(ctx, `UPDATE grants SET used_at = used_at`)
				close(held)
				<-release
				return err
			})
		}()
		<-held
		if w.DB.Engine() == "postgres" && !w.active(second.AccessToken) {
			w.Error("the token is not active while its row is held")
		}
		close(release)
		if err := <-done; err != nil {
			w.Fatal(err)
		}
		w.active(second.AccessToken)
		_, err := w.tryRefresh(first.RefreshToken)
		w.wantRefused(err, grant.ReasonReused)
	})
}
