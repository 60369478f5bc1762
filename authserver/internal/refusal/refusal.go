// Package refusal keeps why clients were refused, for the people who develop them. Each
// client has few rows, whoever asks in its name; nobody's requests wait for it. It knows
// no HTTP and no SQL.
package refusal

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"latchkey/authserver"
)

// Store keeps refusals. Those of clients that are gone are passed over.
type Store interface {
	NoteRefusals(ctx context.Context, list []authserver.ClientRefusal) error
	ListRefusals(ctx context.Context, clientID string) ([]authserver.ClientRefusal, error)
}

const (
	beat        = time.Second
	mostWaiting = 1000   // different ones, until they are written; the first of each client has a place beside
	mostClients = 20_000 // that have some of them
	mostOfOne   = 10     // of these of one client
	patience    = 5 * time.Second
)

// Recorder gathers refusals, and Run writes them. Its methods are safe for concurrent
// use.
type Recorder struct {
	Store  Store
	Logger *slog.Logger
	Now    func() time.Time

	mu      sync.Mutex
	waiting map[key]*authserver.ClientRefusal
	held    map[string]int // of waiting, by client
}

type key struct{ client, endpoint, reason, detail string }

// Note notes a refusal of a client that exists. It waits for nothing.
func (r *Recorder) Note(clientID, endpoint, reason, detail string) {
	detail = strings.ReplaceAll(authserver.RefusalDetail(detail), "\x00", "")
	k, now := key{clientID, endpoint, reason, detail}, r.Now().UTC().Truncate(time.Microsecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	if one, ok := r.waiting[k]; ok {
		one.Count, one.LastAt = one.Count+1, now
		return
	}
	if !r.room(clientID) {
		return
	}
	if r.waiting == nil {
		r.waiting, r.held = map[key]*authserver.ClientRefusal{}, map[string]int{}
	}
	r.waiting[k] = &authserver.ClientRefusal{
		ClientID: clientID, Endpoint: endpoint, Reason: reason, Detail: detail, Count: 1, FirstAt: now, LastAt: now,
	}
	r.held[clientID]++
}

// room reports whether one more different refusal of a client is kept: of a client that
// has none yet, however many others have.
func (r *Recorder) room(clientID string) bool {
	held := r.held[clientID]
	if held == 0 {
		return len(r.held) < mostClients
	}
	return held < mostOfOne && len(r.waiting) < mostWaiting
}

// Run writes what was noted until ctx ends, and then once more.
func (r *Recorder) Run(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.write(ctx, "")
			return
		case <-tick.C:
			r.write(ctx, "")
		}
	}
}

// take returns what waits of a client, or of all, and forgets it.
func (r *Recorder) take(clientID string) (list []authserver.ClientRefusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, one := range r.waiting {
		if clientID == "" || k.client == clientID {
			list = append(list, *one)
			delete(r.waiting, k)
			delete(r.held, k.client)
		}
	}
	return list
}

// write stores what waits of a client, or of all, also where whoever ctx belongs to has
// left. What cannot be stored is lost: nothing is decided by it.
func (r *Recorder) write(ctx context.Context, clientID string) {
	list := r.take(clientID)
	if len(list) == 0 {
		return
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	if err := r.Store.NoteRefusals(ctx, list); err != nil {
		r.Logger.LogAttrs(ctx, slog.LevelWarn, "refusals of clients were not stored", slog.Int("refusals", len(list)), slog.Any("error", err))
	}
}

// Of returns why a client was refused, the last first; what this replica has noted
// just now too.
func (r *Recorder) Of(ctx context.Context, clientID string) ([]authserver.ClientRefusal, error) {
	r.write(ctx, clientID)
	return r.Store.ListRefusals(ctx, clientID)
}
