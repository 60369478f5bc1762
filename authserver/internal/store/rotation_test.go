package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// opened is a chain of client "app" with its first pair.
func opened(t *testing.T, db *database.DB, s *store.Store, scopes scope.Set) (*authserver.GrantChain, authserver.Pair) {
	t.Helper()
	p := addPerson(t, db)
	addClient(t, s, "app")
	r := addCode(t, s, "app", p.id, scopes)
	end := start.Add(12 * time.Hour)
	r.ChainEndsAt = &end
	chain, err := s.RedeemCode(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return chain, r.Pair
}

func rotation(old secret.Digest, now time.Time) authserver.Rotation {
	pair, _, _ := newPair(now)
	return authserver.Rotation{Refresh: old, ClientID: "app", Sealed: []byte("seal"), Now: now, Pair: pair}
}

func TestRotationMovesTheChainOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		chain, first := opened(t, db, s, scope.ReadWrite)
		now := start.Add(time.Minute)
		r := rotation(first.Refresh, now)
		r.Scopes = scope.Read
		got, err := s.Rotate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got.ChainID != chain.ID || got.Retired != first.Access || got.Scopes != scope.Read || !got.AccessExpiresAt.Equal(r.AccessExpiresAt) {
			t.Errorf("rotated %+v", got)
		}
		if _, err := s.LookupAccessToken(t.Context(), first.Access); !fault.Is(err, fault.NotFound) {
			t.Errorf("the retired access token is still known: %v", err)
		}
		if c, err := s.LookupAccessToken(t.Context(), r.Access); err != nil || c.Scopes != scope.Read {
			t.Errorf("the new access token: %+v, %v", c, err)
		}
		spent, err := s.ExplainRefresh(t.Context(), first.Refresh, "app", now)
		if err != nil || string(spent.Sealed) != "seal" || !spent.Used || !spent.SealedAt.Equal(now) || !spent.Live || spent.ChainScopes != scope.ReadWrite {
			t.Errorf("spent %+v, %v", spent, err)
		}
		second := rotation(r.Pair.Refresh, now.Add(time.Minute))
		if _, err := s.Rotate(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		spent, err = s.ExplainRefresh(t.Context(), first.Refresh, "app", now)
		if err != nil || len(spent.Sealed) != 0 || !spent.Used {
			t.Errorf("the seal outlived its successor's use: %+v, %v", spent, err)
		}
	})
}

func TestRotationRefuses(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		_, first := opened(t, db, s, scope.Read)
		now := start.Add(time.Minute)
		for name, spoil := range map[string]func(r *authserver.Rotation){
			"another client":  func(r *authserver.Rotation) { r.ClientID = "other" },
			"wider scope":     func(r *authserver.Rotation) { r.Scopes = scope.ReadWrite },
			"other resource":  func(r *authserver.Rotation) { r.Resource = "https://other.example" },
			"expired":         func(r *authserver.Rotation) { r.Now = start.Add(25 * time.Hour) },
			"past the end":    func(r *authserver.Rotation) { r.Now = start.Add(13 * time.Hour) },
			"an access token": func(r *authserver.Rotation) { r.Refresh = first.Access },
		} {
			r := rotation(first.Refresh, now)
			spoil(&r)
			if _, err := s.Rotate(t.Context(), r); !errors.Is(err, authserver.ErrNotClaimed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.ExplainRefresh(t.Context(), first.Refresh, "other", now); !fault.Is(err, fault.NotFound) {
			t.Errorf("another client learns of the token: %v", err)
		}
		r := rotation(first.Refresh, start.Add(11*time.Hour+30*time.Minute))
		got, err := s.Rotate(t.Context(), r)
		if err != nil || !got.AccessExpiresAt.Equal(start.Add(12*time.Hour)) {
			t.Errorf("the access token outlives the chain's end: %+v, %v", got, err)
		}
	})
}

func TestParallelRotationsHaveOneWinner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		_, first := opened(t, db, s, scope.Read)
		wins := race(100, func() bool {
			_, err := s.Rotate(t.Context(), rotation(first.Refresh, start.Add(time.Minute)))
			if err != nil && !errors.Is(err, authserver.ErrNotClaimed) {
				t.Error(err)
			}
			return err == nil
		})
		if wins != 1 {
			t.Errorf("%d winners", wins)
		}
	})
}

// Several replicas refresh many chains at once, each chain in several requests:
// one of them moves it on, and is told of that chain and no other.
func TestReplicasRotateManyChains(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		url, replicas := schema.Database(t, set), []*store.Store(nil)
		var db *database.DB
		for range 3 {
			var err error
			if db, err = database.Open(t.Context(), url, database.Options{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			replicas = append(replicas, store.New(db))
		}
		const chains, requests = 30, 6
		p := addPerson(t, db)
		addClient(t, replicas[0], "app")
		var (
			group sync.WaitGroup
			won   [chains]atomic.Int64
			now   = start.Add(time.Minute)
			gate  = make(chan struct{})
		)
		for i := range chains {
			r := addCode(t, replicas[0], "app", p.id, scope.Read)
			chain, err := replicas[0].RedeemCode(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for j := range requests {
				group.Go(func() {
					asked := rotation(r.Pair.Refresh, now)
					<-gate
					got, err := replicas[j%len(replicas)].Rotate(t.Context(), asked)
					switch {
					case errors.Is(err, authserver.ErrNotClaimed):
					case err != nil:
						t.Error(err)
					case got.ChainID != chain.ID || got.Retired != r.Pair.Access || got.UserID != p.id:
						t.Errorf("chain %d: rotated %+v", i, got)
					default:
						won[i].Add(1)
						if c, err := replicas[0].LookupAccessToken(t.Context(), asked.Access); err != nil || c.ID != chain.ID {
							t.Errorf("chain %d: the winner's token is of %+v, %v", i, c, err)
						}
					}
				})
			}
		}
		close(gate)
		group.Wait()
		for i := range won {
			if n := won[i].Load(); n != 1 {
				t.Errorf("chain %d: %d winners", i, n)
			}
		}
	})
}

// A chain that is ended while it is being refreshed must report the access
// token that is live at that moment, or a cached answer would outlive it.
func TestEndingARotatingChainReturnsItsNewestAccessToken(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		chain, pair := opened(t, db, s, scope.Read)
		for i := range 20 {
			r := rotation(pair.Refresh, start.Add(time.Duration(i+1)*time.Minute))
			done := make(chan error, 1)
			go func() {
				_, err := s.Rotate(context.WithoutCancel(t.Context()), r)
				done <- err
			}()
			ended, err := s.EndChains(t.Context(), authserver.ChainFilter{ID: chain.ID}, authserver.EndRevoked, r.Now)
			if err != nil || len(ended) != 1 {
				t.Fatalf("ended %v, %v", ended, err)
			}
			rotated := <-done
			cred, lookup := s.LookupAccessToken(t.Context(), ended[0].Access)
			if lookup != nil || cred.Active(r.Now) {
				t.Fatalf("round %d: the reported token is not the chain's last: %+v, %v (rotation: %v)", i, cred, lookup, rotated)
			}
			exec(t, db, `UPDATE chains SET ended_at = NULL, end_reason = ''`)
			if rotated == nil {
				pair = r.Pair
				continue
			}
		}
	})
}

func TestEndingByTokenIsForItsOwnClient(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		chain, pair := opened(t, db, s, scope.Read)
		for _, digest := range []secret.Digest{pair.Access, pair.Refresh} {
			ended, err := s.EndChainOfToken(t.Context(), digest, "other", authserver.EndRevoked, start)
			if err != nil || len(ended) != 0 {
				t.Errorf("a stranger ended %v, %v", ended, err)
			}
			ended, err = s.EndChainOfToken(t.Context(), digest, "app", authserver.EndRevoked, start)
			if err != nil || len(ended) != 1 || ended[0].ID != chain.ID || ended[0].Access != pair.Access {
				t.Errorf("the owner ended %v, %v", ended, err)
			}
			exec(t, db, `UPDATE chains SET ended_at = NULL`)
		}
	})
}

func TestSweepKeepsWhatIsAlive(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		_, first := opened(t, db, s, scope.Read)
		r := rotation(first.Refresh, start.Add(time.Minute))
		if _, err := s.Rotate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sweep(t.Context(), start.Add(2*time.Minute), start.Add(90*time.Second)); err != nil {
			t.Fatal(err)
		}
		spent, err := s.ExplainRefresh(t.Context(), first.Refresh, "app", start)
		if err != nil || len(spent.Sealed) != 0 {
			t.Errorf("after the window: %+v, %v", spent, err)
		}
		if n, err := s.Sweep(t.Context(), start.Add(48*time.Hour), start); err != nil || n < 3 {
			t.Errorf("swept %d, %v", n, err)
		}
	})
}

func race(n int, try func() bool) int {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		wins int
		gate = make(chan struct{})
	)
	for range n {
		wg.Go(func() {
			<-gate
			if try() {
				mu.Lock()
				wins++
				mu.Unlock()
			}
		})
	}
	close(gate)
	wg.Wait()
	return wins
}
