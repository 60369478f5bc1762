// Package httpserver is what stands around the handlers of both services: the
// listeners and how they drain, the chain every request passes, its log line
// and its metrics.
//
// A handler returns its error; one renderer per router turns errors into
// answers, and the cause goes to the request's log line.
package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"unicode"

	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Handler answers a request or returns why it could not. A handler that
// returns an error has written nothing.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Renderer answers a request with an error, in the shape its readers expect.
type Renderer func(w http.ResponseWriter, r *http.Request, err error)

// Handle makes h an http.Handler whose errors render answers.
func Handle(h Handler, render Renderer) http.Handler { return handle{h, render} }

type handle struct {
	serve  Handler
	render Renderer
}

func (h handle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := fromContext(r.Context())
	if req != nil {
		req.render = h.render
	}
	err := h.serve(w, r)
	if err == nil {
		return
	}
	render := h.render
	if own, ok := errors.AsType[*shaped](err); ok {
		err, render = own.error, own.render
	}
	err = Classify(r.Context(), err)
	Cause(r.Context(), err)
	if req != nil && req.answer.status != 0 {
		return // too late: the answer has begun
	}
	render(w, r, err)
}

// WithRenderer is err to be rendered by render, whatever renders its handler's other
// errors.
func WithRenderer(err error, render Renderer) error { return &shaped{err, render} }

type shaped struct {
	error
	render Renderer
}

// Classify gives the failures that every handler can meet their kind: a body
// over the limit is TooLarge, a deadline of ours Unavailable, and so is a
// caller who left. Other errors come back as they are.
func Classify(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		if fault.Is(err, fault.TooLarge) {
			return err
		}
		return fault.Wrap(fault.TooLarge, err, "The request body is too large")
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return fault.Wrap(fault.Unavailable, err, "The service is temporarily unavailable. Try again later.")
	}
	return err
}

// BodyError classifies an error met while reading a request's body: TooLarge
// over the limit, else Malformed with message.
func BodyError(err error, message string) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Wrap(fault.TooLarge, err, "The request body is too large")
	}
	return fault.Wrap(fault.Malformed, err, message)
}

// Cause puts err on the request's log line. Handle does it for returned
// errors; renderers that meet another one on the way call it themselves.
func Cause(ctx context.Context, err error) {
	if req := fromContext(ctx); req != nil {
		req.mu.Lock()
		req.cause = errors.Join(req.cause, err)
		req.mu.Unlock()
	}
}

// maxReceived is how much of a value that a caller sent is logged, in bytes.
const maxReceived = 200

// Printable is text that somebody else wrote, for a log or a terminal: without what looks
// like a credential, and without what cannot be printed.
func Printable(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, secret.Redact(text))
}

// Received is a value as a caller sent it, made fit for the log: Printable, and short.
func Received(key, text string) slog.Attr {
	text = Printable(text)
	if len(text) > maxReceived {
		text = strings.ToValidUTF8(text[:maxReceived], "") + "…"
	}
	return slog.String(key, text)
}

// Annotate adds attributes to the request's log line: ids, never a secret or an
// email address. Outside a request, and after it, nothing happens.
func Annotate(ctx context.Context, attrs ...slog.Attr) {
	if req := fromContext(ctx); req != nil {
		req.mu.Lock()
		req.attrs = append(req.attrs, attrs...)
		req.mu.Unlock()
	}
}
