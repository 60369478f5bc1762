// Package fault names the kinds of failure both services share.
//
// An Error carries a kind (which decides the HTTP status and the wire code), a
// message written for the reader of the answer, and a cause that only the log
// ever sees. An error that is not an *Error is internal: it says nothing to the
// outside.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind classifies a failure. The zero Kind is Internal.
type Kind uint8

// The kinds, each with the HTTP status its renderers use.
const (
	Internal        Kind = iota // 500
	Malformed                   // 400: the request cannot be read
	Unauthenticated             // 401
	Forbidden                   // 403
	NotFound                    // 404
	Conflict                    // 409
	TooLarge                    // 413
	Invalid                     // 422: read, but breaks a rule
	RateLimited                 // 429
	Unavailable                 // 503
	Unsupported                 // 415: a media type we do not read
)

var names = [...]string{
	"internal", "malformed", "unauthenticated", "forbidden", "not_found",
	"conflict", "too_large", "invalid", "rate_limited", "unavailable", "unsupported",
}

// String returns the kind's name as it appears in logs.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Error is a classified failure.
type Error struct {
	Kind    Kind
	Code    string         // wire code where docs/contract.md fixes one; empty: the kind's default
	Message string         // a sentence for the reader of the answer
	Errors  []string       // every broken rule, where there can be several
	Details any            // member "details" of the answer
	Fields  map[string]any // further top-level members of the JSON answer

	RetryAfter time.Duration // RateLimited and Unavailable: when to try again
	cause      error
}

// New returns an Error of kind k that says message.
func New(k Kind, message string) *Error { return &Error{Kind: k, Message: message} }

// Newf is New with a formatted message.
func Newf(k Kind, format string, args ...any) *Error { return New(k, fmt.Sprintf(format, args...)) }

// Wrap returns an Error of kind k that says message and logs cause.
func Wrap(k Kind, cause error, message string) *Error {
	return &Error{Kind: k, Message: message, cause: cause}
}

// WithCode returns a copy of e with the wire code set.
func (e *Error) WithCode(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// WithErrors returns a copy of e that lists every broken rule.
func (e *Error) WithErrors(messages ...string) *Error {
	c := *e
	c.Errors = messages
	return &c
}

// WithDetails returns a copy of e with the member "details" of the answer set.
func (e *Error) WithDetails(details any) *Error {
	c := *e
	c.Details = details
	return &c
}

// WithField returns a copy of e with one more top-level member in its JSON answer.
func (e *Error) WithField(name string, value any) *Error {
	c := *e
	c.Fields = map[string]any{name: value}
	for k, v := range e.Fields {
		c.Fields[k] = v
	}
	return &c
}

// WithRetryAfter returns a copy of e that tells when to try again.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// WithCause returns a copy of e that logs cause.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Error returns the message and, for the log, the cause.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Kind.String() + ": " + e.Message
	}
	return e.Kind.String() + ": " + e.Message + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns err's kind, Internal when nobody classified it.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }
