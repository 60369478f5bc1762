package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// HashCost is what argon2id spends on a new hash (RFC 9106 section 3.1). Whoever
// signs in with a hash of another cost gets a new one.
type HashCost struct {
	Memory uint32 // KiB; 0: 19 MiB
	Passes uint32 // over the memory; 0: 2
}

const (
	defaultMemory = 19 * 1024
	defaultPasses = 2
	hashThreads   = 1
	hashLength    = 32
	saltLength    = 16
)

// Bounds on what a stored hash may ask for, so that a damaged row cannot take
// all memory.
const (
	maxHashTime   = 16
	maxHashMemory = 256 * 1024
)

const (
	defaultHashQueue = 256
	maxHashWait      = 10 * time.Second
)

// hasher computes as many hashes at once as there are cores: each takes 19 MiB,
// and more at once would not be finished sooner.
type hasher struct {
	today phcParams
	turns chan struct{} // running
	queue chan struct{} // running or waiting
	dummy string        // what an unknown user's password is compared with
}

func newHasher(queue int, cost HashCost) *hasher {
	if queue <= 0 {
		queue = defaultHashQueue
	}
	cores := runtime.GOMAXPROCS(0)
	h := &hasher{turns: make(chan struct{}, cores), queue: make(chan struct{}, cores+queue)}
	h.today = phcParams{cmp.Or(cost.Passes, defaultPasses), cmp.Or(cost.Memory, defaultMemory), hashThreads}
	h.dummy = h.dummyPHC()
	return h
}

// turn waits for a core. fault.Unavailable: too many are waiting already.
func (h *hasher) turn(ctx context.Context) (release func(), err error) {
	busy := fault.New(fault.Unavailable, "Too many people are signing in right now. Try again in a moment.").WithRetryAfter(2 * time.Second)
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, busy
	}
	ctx, cancel := context.WithTimeout(ctx, maxHashWait)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		return h.release, nil
	case <-ctx.Done():
		<-h.queue
		return nil, busy.WithCause(ctx.Err())
	}
}

// collectAbove is the heap, in bytes and with its ballast, above which the memory
// of a finished hash (19 MiB) is collected at once. Otherwise many of them wait for
// the collector: 200 MiB instead of 100 while many people sign in at once.
const collectAbove = 56 << 20

// release gives the turn back, and the memory of what has been hashed when there
// is much of it.
func (h *hasher) release() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	if metrics.Read(heap); heap[0].Value.Uint64() > collectAbove {
		runtime.GC()
	}
	<-h.turns
	<-h.queue
}

// hash makes a PHC string of the password. fault.Unavailable: no turn.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	release, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return h.hashNow(password), nil
}

// hashNow is hash for a caller who holds a turn.
func (h *hasher) hashNow(password string) string {
	var salt [saltLength]byte
	_, _ = rand.Read(salt[:]) // crypto/rand never fails on Go 1.24 and later
	p := h.today
	return p.phc(salt[:], argon2.IDKey([]byte(authserver.NormalizePassword(password)), salt[:], p.time, p.memory, p.threads, hashLength))
}

// dummyPHC costs as much to compare with as a real hash, and no password is
// known to match it.
func (h *hasher) dummyPHC() string {
	var salt [saltLength]byte
	var sum [hashLength]byte
	_, _ = rand.Read(salt[:]) // as above
	_, _ = rand.Read(sum[:])
	return h.today.phc(salt[:], sum[:])
}

func (p phcParams) phc(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// matches compares password with a PHC string in constant time. The caller
// holds a turn. outdated: the parameters are not today's.
func (h *hasher) matches(stored, password string) (ok, outdated bool) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	p, salt, sum, err := parsePHC(stored)
	if err != nil || len(password) > authserver.MaxPassword {
		return false, false
	}
	got := argon2.IDKey([]byte(authserver.NormalizePassword(password)), salt, p.time, p.memory, p.threads, uint32(len(sum))) //nolint:gosec // parsePHC bounds it
	same := subtle.ConstantTimeCompare(got, sum) == 1
	return same && known, p != h.today || len(sum) != hashLength
}

type phcParams struct {
	time, memory uint32
	threads      uint8
}

func parsePHC(phc string) (p phcParams, salt, sum []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, fmt.Errorf("account: unknown password hash")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, fmt.Errorf("account: password hash parameters: %w", err)
	}
	if p.time == 0 || p.time > maxHashTime || p.memory == 0 || p.memory > maxHashMemory || p.threads == 0 {
		return p, nil, nil, fmt.Errorf("account: password hash parameters out of bounds")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, nil, nil, fmt.Errorf("account: password hash salt: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) < 16 || len(sum) > 64 {
		return p, nil, nil, fmt.Errorf("account: password hash sum is damaged")
	}
	return p, salt, sum, nil
}
