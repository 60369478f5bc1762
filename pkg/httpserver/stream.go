package httpserver

import (
	"context"
	"net/http"
	"time"
)

// Stream is an answer that is sent piece by piece, and may take longer than the chain
// allows.
type Stream struct {
	http.ResponseWriter
	control *http.ResponseController
	piece   time.Duration
}

// NewStream returns the answer to r as a stream, and r with a context that ends after
// most, or when the caller goes, whatever time the chain gives. A caller who does not
// take a piece within piece is given up: the write of it fails. release must be
// called.
func NewStream(w http.ResponseWriter, r *http.Request, most, piece time.Duration) (s *Stream, long *http.Request, release context.CancelFunc) {
	ctx := r.Context() //nolint:contextcheck // of the request, also without its deadline
	if req := fromContext(ctx); req != nil {
		ctx = unhurried{req.parent, ctx}
	}
	ctx, release = context.WithTimeout(ctx, most)
	s = &Stream{w, http.NewResponseController(w), piece}
	// net/http takes the end of the time for reading for the end of the connection.
	_ = s.control.SetReadDeadline(time.Now().Add(most + piece)) //nolint:forbidigo // deadlines of connections go by this clock
	return s, r.WithContext(ctx), release
}

// Write implements http.ResponseWriter.
func (s *Stream) Write(b []byte) (int, error) {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.piece)) //nolint:forbidigo // deadlines of connections go by this clock
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *Stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// unhurried is the context of a request without the deadline of the chain.
type unhurried struct {
	context.Context                 //nolint:containedctx // it is a context
	values          context.Context //nolint:containedctx // its values are those of this one
}

// Value implements context.Context.
func (u unhurried) Value(key any) any { return u.values.Value(key) }
