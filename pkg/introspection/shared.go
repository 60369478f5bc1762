package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/secret"
)

const keyPrefix = "introspection:"

// Key returns the shared store's key for a credential's digest.
func Key(digest secret.Digest) string { return keyPrefix + digest.String() }

// entry is an active answer in the shared store.
type entry struct {
	// Of is the digest of the credential that it is about: what comes under another key,
	// by a connection whose replies have slipped, is nobody's.
	Of string `json:"of"`
	// Asked is when the question was sent, in Unix nanoseconds by the clock of
	// who asked.
	Asked  int64  `json:"asked"`
	Answer Answer `json:"answer"`
}

// shared is the layer that all replicas share. A nil *shared is empty.
type shared struct {
	store   cache.Store
	life    time.Duration
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics
	away    atomic.Bool // the store was, when it was last used
}

// get returns the answer that is good for requests which arrived at began at the
// earliest, nil when there is none. The time the store gives it is counted from
// began, before the store was asked.
func (s *shared) get(ctx context.Context, digest secret.Digest, began time.Time) *remembered {
	if s == nil {
		return nil
	}
	raw, left, err := s.store.Get(ctx, Key(digest))
	s.report(ctx, err)
	if err != nil || left <= 0 {
		return nil
	}
	e, err := decodeEntry(raw, digest)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "unreadable entry in the shared store", slog.Any("error", err))
		return nil
	}
	read := s.now()
	age := read.Sub(time.Unix(0, e.Asked)) // of two wall clocks
	if age < 0 || age >= s.life {
		s.metrics.misdated.Inc()
		return nil
	}
	until := read.Add(s.life - age)
	if ends := began.Add(left); ends.Before(until) {
		until = ends
	}
	e.Answer.From = FromShared
	return &remembered{e.Answer, until}
}

// put offers an answer that was asked for at asked. Inactive ones are kept out:
// whoever guesses would fill the store.
func (s *shared) put(ctx context.Context, digest secret.Digest, a Answer, asked time.Time) {
	if s == nil || !a.Active {
		return
	}
	left := s.life - s.now().Sub(asked)
	if left < time.Millisecond {
		return
	}
	raw, err := json.Marshal(entry{digest.String(), asked.UnixNano(), a})
	if err == nil {
		err = s.store.Set(ctx, Key(digest), raw, left)
	}
	s.report(ctx, err)
}

// report notes how the store did, and logs the first failure of several.
func (s *shared) report(ctx context.Context, err error) {
	if err == nil {
		s.away.Store(false)
		return
	}
	s.metrics.failures.Inc()
	if !s.away.Swap(true) {
		s.log.LogAttrs(ctx, slog.LevelWarn, "shared store away: asking the authorization server instead", slog.Any("error", err))
	}
}

func decodeEntry(raw []byte, of secret.Digest) (entry, error) {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return entry{}, errors.New("introspection: no JSON of an entry") // the parser's error may quote it
	}
	if e.Of != of.String() {
		return entry{}, errors.New("introspection: an entry of another credential")
	}
	if !e.Answer.Active {
		return entry{}, errors.New("introspection: an entry that is not active") // nobody writes one
	}
	return e, nil
}
