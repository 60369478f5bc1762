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
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestARefreshMovesTheGrantOn(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		first := w.redeemed(scope.ReadWrite)
		w.Pass(time.Minute)
		second, err := w.Service.Refresh(w.Context(), grant.RefreshRequest{
			RefreshToken: first.RefreshToken.Reveal(), ClientID: "app", Scopes: scope.Read,
		})
		if err != nil || second.GrantID != first.GrantID || second.Scopes != scope.Read || second.ExpiresIn(w.Now()) != 3600 {
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
		if n := w.Count(`SELECT count(*) FROM grants`); n != 1 {
			w.Errorf("a grant has %d rows", n)
		}
	})
}

func TestARefreshIsRefused(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.AddClient("other")
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
		w.Pass(24 * time.Hour)
		w.wantRefused(ask(func(*grant.RefreshRequest) {}), grant.ReasonExpired)
	})
}

func TestAGrantEndsAbsolutely(t *testing.T) {
	settings := defaults()
	settings.Lifetime = 2 * time.Hour
	eachEngine(t, settings, func(w *world) {
		tokens := w.redeemed(scope.Read)
		w.Pass(90 * time.Minute)
		tokens = w.refresh(tokens.RefreshToken)
		if got := tokens.AccessExpiresAt; !got.Equal(start.Add(2 * time.Hour)) {
			w.Errorf("the access token ends at %v", got)
		}
		w.Pass(30 * time.Minute)
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
		w.Pass(20 * time.Second)
		var differ atomic.Int64
		replicas := []*grant.Service{w.Service, w.service()}
		storetest.Race(200, func(i int) bool {
			again, err := replicas[i%2].Refresh(w.Context(), grant.RefreshRequest{RefreshToken: first.RefreshToken.Reveal(), ClientID: "app"})
			if err != nil || again.AccessToken != second.AccessToken || again.RefreshToken != second.RefreshToken ||
				!again.IssuedAt.Equal(second.IssuedAt) || again.ExpiresIn(w.Now()) != 3580 {
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
				if n := w.Count(`SELECT count(*) FROM grants WHERE ended_at IS NULL`); n != 0 {
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
		w.Pass(time.Minute)
		_, err := w.tryRefresh(first.RefreshToken)
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
		storetest.Race(grants*requests, func(n int) bool {
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
		if n := w.Count(`SELECT count(*) FROM grants WHERE generation = 2 AND ended_at IS NULL`); n != grants {
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
		w.Pass(20 * time.Second)
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
