package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"latchkey/pkg/fault"
)

// largeBody is the size in bytes from which a body needs a place, and so does one of
// unknown size.
const largeBody = 256 << 10

// places are shared by requests with large bodies, so that many of them at once take
// no more memory than a few.
type places struct {
	free chan struct{}
	wait time.Duration
}

// largeBodies is how many large bodies are read and worked on at once.
const largeBodies = 2

// placeWait is how long a request waits for a place before it is refused.
const placeWait = 5 * time.Second

func newPlaces(n int) places { return places{make(chan struct{}, n), placeWait} }

var errNoPlace = fault.New(fault.Unavailable, "Too many large requests at once. Try again later.").WithRetryAfter(placeWait)

// take waits for a place. The caller gives it back by release.
func (p places) take(ctx context.Context) (release func(), err error) {
	limit := time.NewTimer(p.wait)
	defer limit.Stop()
	select {
	case p.free <- struct{}{}:
		return func() { <-p.free }, nil
	case <-limit.C:
		return nil, errNoPlace
	case <-ctx.Done():
		return nil, errNoPlace.WithCause(ctx.Err())
	}
}

// takesLarge reports whether a route reads bodies larger than BodyLimit.
func takesLarge(r *http.Request) bool {
	return r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/transactions/batch") || strings.HasSuffix(r.URL.Path, "/merchants"))
}

// large reports whether a request needs a place.
func large(r *http.Request) bool {
	return r.ContentLength >= largeBody || r.ContentLength < 0 && takesLarge(r)
}
