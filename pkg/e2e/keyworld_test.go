package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

const apiKeys = "/api/v1/api_keys"

// apiKey is an API key as the JSON API shows it.
type apiKey struct {
	ID               string     `json:"id"`
	Name             string     `json:"name"`
	Scopes           []string   `json:"scopes"`
	Source           string     `json:"source"`
	Tier             string     `json:"tier"`
	Key              string     `json:"key"`
	KeyHint          string     `json:"key_hint"`
	CreatedAt        time.Time  `json:"created_at"`
	ExpiresAt        *time.Time `json:"expires_at"`
	ActiveUntil      *time.Time `json:"active_until"`
	LastUsedAt       *time.Time `json:"last_used_at"`
	LastUsedFrom     *string    `json:"last_used_from"`
	MadeBy           *string    `json:"made_by"`
	MadeWith         *string    `json:"made_with"`
	RequestsThisHour int64      `json:"requests_this_hour"`
	RateLimit        struct {
		Tier  string `json:"tier"`
		Limit *int64 `json:"limit"`
	} `json:"rate_limit"`
	PreviousKey *struct {
		ID           string     `json:"id"`
		ActiveUntil  *time.Time `json:"active_until"`
		InUse        bool       `json:"in_use"`
		LastUsedAt   *time.Time `json:"last_used_at"`
		LastUsedFrom *string    `json:"last_used_from"`
	} `json:"previous_key"`
}

// keeper is somebody who manages API keys in the product's own app.
type keeper struct {
	*world
	person *actor.Person
	token  string
}

func (w *world) keeper() *keeper {
	w.t.Helper()
	return w.keeperOf(w.person())
}

func (w *world) keeperOf(p *actor.Person) *keeper {
	w.t.Helper()
	own, err := pairOf(w.login(p, "keeper"))
	if err != nil {
		w.t.Fatal(err)
	}
	return &keeper{world: w, person: p, token: own.Access}
}

// manage asks the authorization server's own API.
func (k *keeper) manage(method, path string, body any) *actor.Answer {
	k.t.Helper()
	answer, err := (&actor.App{HTTP: k.described()}).Call(k.t.Context(), method, k.Auth.URL+path, k.token, body)
	if err != nil {
		k.t.Fatal(err)
	}
	return answer
}

type members = map[string]any

func (k *keeper) create(name, scope, source string, more members) *actor.Answer {
	k.t.Helper()
	body := members{"name": name, "scopes": []string{scope}, "source": source}
	for key, v := range more {
		body[key] = v
	}
	return k.manage(http.MethodPost, apiKeys, members{"api_key": body})
}

func (k *keeper) newKey(name, scope, source string, more members) apiKey {
	k.t.Helper()
	return k.read(k.create(name, scope, source, more), http.StatusCreated)
}

func (k *keeper) read(answer *actor.Answer, status int) apiKey {
	k.t.Helper()
	var made apiKey
	if err := want(answer, status, &made); err != nil {
		k.t.Fatal(err)
	}
	return made
}

func (k *keeper) list() []apiKey {
	k.t.Helper()
	var all struct {
		APIKeys []apiKey `json:"api_keys"`
	}
	if err := want(k.manage(http.MethodGet, apiKeys, nil), http.StatusOK, &all); err != nil {
		k.t.Fatal(err)
	}
	return all.APIKeys
}

func keyHeader(key string) http.Header { return http.Header{"X-Api-Key": {key}} }

// use sends a request with a key; a nil body sends none.
func (w *world) use(method, target, key string, body any) *actor.Answer {
	w.t.Helper()
	header, text := keyHeader(key), ""
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		header["Content-Type"], text = []string{"application/json"}, string(raw)
	}
	return w.send(method, target, header, text)
}

func (w *world) useAPI(method, path, key string, body any) *actor.Answer {
	w.t.Helper()
	return w.use(method, w.API().URL+path, key, body)
}

// wantEnd wants the resource API to refuse a key within limit from now, and to let in
// nothing that was sent later than late after its end.
func (w *world) wantEnd(key string, end time.Time, late, limit time.Duration) {
	w.t.Helper()
	var accepted time.Time // when the last request that was let in was sent
	testenv.Eventually(w.t, limit, "the key ends", func() bool {
		asked := time.Now()
		status := w.useAPI(http.MethodGet, accounts, key, nil).Status
		if status == http.StatusOK {
			accepted = asked
		}
		return status == http.StatusUnauthorized
	})
	if after := accepted.Sub(end); after > late {
		w.t.Errorf("the key was accepted %s after its end", after)
	}
}

func wantMessage(t *testing.T, answer *actor.Answer, status int, message string) {
	t.Helper()
	if answer.Status != status || answer.Text("message") != message {
		t.Errorf("got %s, want %d %q", answer, status, message)
	}
}
