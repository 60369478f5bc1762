package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"latchkey/authserver/internal/grant"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// Error is a refusal in the words of RFC 6749 section 5.2.
type Error struct {
	Code        string
	Description string // may quote the request
	Status      int
	cause       error // for the log; may be nil
}

// Error describes the refusal.
func (e *Error) Error() string {
	text := "oauth: " + e.Code + ": " + describable(e.Description)
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func invalidRequest(description string) *Error {
	return &Error{Code: "invalid_request", Description: description, Status: http.StatusBadRequest}
}

func invalidScope(description string) *Error {
	return &Error{Code: "invalid_scope", Description: description, Status: http.StatusBadRequest}
}

func invalidTarget(description string) *Error {
	return &Error{Code: "invalid_target", Description: description, Status: http.StatusBadRequest}
}

func accessDenied(description string, status int) *Error {
	return &Error{Code: "access_denied", Description: description, Status: status}
}

func withStatus(err *Error, status int) *Error {
	err.Status = status
	return err
}

// wire is an OAuth error as it is sent (RFC 6749 section 5.2).
type wire struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`

	status     int
	retryAfter time.Duration
}

// wireError is the one place where an error becomes an OAuth error. A database
// that cannot be asked and a limit are temporarily_unavailable; an error that
// nobody classified is server_error and says nothing.
func wireError(err error) wire {
	switch fault.KindOf(err) {
	case fault.Unavailable:
		return wire{
			Code: "temporarily_unavailable", Description: "The server cannot answer now. Try again later.",
			status: http.StatusServiceUnavailable, retryAfter: retryAfter(err, time.Second),
		}
	case fault.RateLimited:
		return wire{
			Code: "temporarily_unavailable", Description: "Too many requests. Try again later.",
			status: http.StatusTooManyRequests, retryAfter: retryAfter(err, time.Minute),
		}
	}
	known, ok := errors.AsType[*Error](err)
	if !ok {
		return wire{Code: "server_error", Description: "The server met an unexpected condition.", status: http.StatusInternalServerError}
	}
	return wire{Code: known.Code, Description: describable(known.Description), status: known.Status}
}

const maxDescription = 200 // bytes

// describable keeps a description, which may quote the request, to the
// characters that RFC 6749 section 5.2 allows there, and short.
func describable(text string) string {
	allowed := strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ' || r > '~' || r == '\\':
			return '?'
		}
		return r
	}, text)
	if len(allowed) > maxDescription {
		allowed = allowed[:maxDescription-3] + "..."
	}
	return allowed
}

func retryAfter(err error, fallback time.Duration) time.Duration {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return fallback
}

// fail answers an endpoint's error as JSON.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, endpoint string, err error) {
	answer := wireError(err)
	if s.throttle != nil && answer.status < http.StatusInternalServerError {
		if wait := s.throttle.Refused(r.Context()); wait > 0 {
			answer = wireError(fault.New(fault.RateLimited, "").WithRetryAfter(wait))
		}
	}
	s.noteRefusal(r, endpoint, answer.Code, err)
	h := w.Header()
	if answer.retryAfter > 0 {
		h.Set("Retry-After", apierror.RetryAfter(answer.retryAfter))
	}
	if answer.status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Basic realm="latchkey", charset="UTF-8"`)
	}
	writeJSON(w, answer.status, answer)
}

// noteRefusal counts a refusal and says on the request's log line why: as the
// caller is told, and for what reason.
func (s *Server) noteRefusal(r *http.Request, endpoint, code string, err error) {
	s.metrics.Refused(endpoint, code)
	s.noteForDeveloper(r.Context(), endpoint, err)
	err = httpserver.Classify(r.Context(), err)
	httpserver.Annotate(r.Context(), slog.String("oauth_error", code), httpserver.Received("reason", reasonOf(err)))
	if refused, ok := errors.AsType[*grant.Refusal](err); ok && refused.GrantID != "" {
		httpserver.Annotate(r.Context(), slog.String("grant_id", refused.GrantID))
	}
	httpserver.Cause(r.Context(), err)
}

// reasonOf is why a request is refused: of what is looked up or proved a short name,
// of everything else the sentence that the caller is told.
func reasonOf(err error) string {
	if refused, ok := errors.AsType[*grant.Refusal](err); ok {
		return refused.Reason
	}
	if why, ok := errors.AsType[clientRefusal](err); ok {
		return string(why)
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Description
	}
	return fault.KindOf(err).String()
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client may be gone; there is nobody left to tell
}
