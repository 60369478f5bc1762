package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// service is the built program, which a test may kill and start again.
type service struct {
	t       *testing.T
	program string
	env     process.Env
	token   string
	mu      sync.Mutex
	process *process.Process
}

func newService(t *testing.T, program string, set testenv.Set) *service {
	t.Helper()
	s := &service{t: t, program: program, token: secret.New(secret.AccessToken).Reveal()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(introspection.Answer{ // a test's answer to itself
			Active: true, Scope: "read_write", FamilyID: "2f1e8b7a-0000-4000-8000-000000000001", UserID: "2f1e8b7a-0000-4000-8000-000000000002",
			Role: "admin", CredentialID: "c", CredentialKind: introspection.KindAccessToken, ClientID: "app",
		})
	}))
	t.Cleanup(server.Close)
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	ops, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	s.env = process.Env{
		"API_ADDR": addr, "API_OPS_ADDR": ops, "API_ISSUER": server.URL, "API_URL": "http://" + addr, "API_RATE_LIMIT_OAUTH": "0",
		"API_INTROSPECTION_CLIENT_ID": "x", "API_INTROSPECTION_CLIENT_SECRET": "y", "API_WORKER_LEASE": "2s",
		"API_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "api.db"),
	}
	if set == testenv.Production {
		s.env["API_DATABASE_URL"], s.env["API_REDIS_URL"] = testenv.Postgres(t), testenv.Redis(t)
	}
	s.start()
	t.Cleanup(func() { s.process.Kill() })
	return s
}

func (s *service) start() {
	s.t.Helper()
	p, err := process.Start(context.WithoutCancel(s.t.Context()), "resourceapi", s.program, s.env["API_URL"], s.env["API_OPS_ADDR"], s.t.TempDir(), s.env, "serve")
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
}

// call sends a request until it is answered at all: a service that is killed
// and started again in between is not the caller's concern.
func (s *service) call(method, path string, body any) (int, map[string]any) {
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Error(err)
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for range 3000 {
		req, err := http.NewRequestWithContext(s.t.Context(), method, s.env["API_URL"]+path, bytes.NewReader(raw))
		if err != nil {
			s.t.Error(err)
			return 0, nil
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			text, readErr := io.ReadAll(res.Body)
			_ = res.Body.Close() // it is read
			var answer map[string]any
			if readErr == nil && json.Unmarshal(text, &answer) == nil && res.StatusCode != http.StatusServiceUnavailable {
				return res.StatusCode, answer
			}
		}
		<-again.C
	}
	s.t.Errorf("%s %s was never answered", method, path)
	return 0, nil
}

// TestCrashesLoseAndDoubleNothing kills the service again and again while 1,000
// transactions are written and balances recomputed. Every write is repeated
// until it is answered; in the end each is there once, and the balance is right.
func TestCrashesLoseAndDoubleNothing(t *testing.T) {
	program := build(t)
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newService(t, program, set)
		_, accounts := s.call("GET", "/api/v1/accounts", nil)
		account := accounts["accounts"].([]any)[0].(map[string]any)["id"].(string)

		const writes, writers = 1000, 8
		numbers := make(chan int)
		var done sync.WaitGroup
		for range writers {
			done.Go(func() {
				for i := range numbers {
					status, answer := s.call("POST", "/api/v1/transactions", map[string]any{"transaction": map[string]any{
						"account_id": account, "date": fmt.Sprintf("2026-01-%02d", i%28+1), "amount": "-0.01", "name": "w", "external_id": strconv.Itoa(i),
					}})
					if status != 201 && status != 200 {
						t.Errorf("write %d: %d %v", i, status, answer)
					}
				}
			})
		}
		for i := range writes {
			if i%200 == 199 {
				s.process.Kill()
				s.start()
				s.call("POST", "/api/v1/sync", nil)
			}
			numbers <- i
		}
		close(numbers)
		done.Wait()
		s.process.Kill() // in the middle of the last sync, perhaps
		s.start()
		_, list := s.call("GET", "/api/v1/transactions", nil)
		if got := list["pagination"].(map[string]any)["total_count"]; got != float64(writes) {
			t.Errorf("%v transactions, want %d", got, writes)
		}
		balance, tick := any(nil), time.NewTicker(50*time.Millisecond)
		defer tick.Stop()
		for range 400 {
			_, shown := s.call("GET", "/api/v1/accounts/"+account, nil)
			if balance = shown["balance"]; balance == "$10.00" {
				return
			}
			<-tick.C
		}
		t.Errorf("balance %v, want $10.00\n%s", balance, s.process.Log())
	})
}
