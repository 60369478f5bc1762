// Package apierror renders errors for callers of /api/v1: the one writer of the
// JSON error documents of the published API (contract section 4.2).
package apierror

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"latchkey/pkg/fault"
)

type shape struct {
	status int
	code   string
	text   string
}

var shapes = map[fault.Kind]shape{
	fault.Internal:        {http.StatusInternalServerError, "internal_server_error", "An unexpected error occurred"},
	fault.Malformed:       {http.StatusBadRequest, "bad_request", "Required parameters are missing or invalid"},
	fault.Unauthenticated: {http.StatusUnauthorized, "unauthorized", "Access token or API key is invalid, expired, or missing"},
	fault.Forbidden:       {http.StatusForbidden, "forbidden", "You are not authorized to perform this action"},
	fault.NotFound:        {http.StatusNotFound, "not_found", "The requested resource was not found"},
	fault.Conflict:        {http.StatusConflict, "conflict", "The request conflicts with the current state"},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "payload_too_large", "The request body is too large"},
	fault.Invalid:         {http.StatusUnprocessableEntity, "validation_failed", "Validation failed"},
	fault.RateLimited:     {http.StatusTooManyRequests, "rate_limit_exceeded", "Rate limit exceeded. Try again later."},
	fault.Unsupported:     {http.StatusUnsupportedMediaType, "unsupported_media_type", "The request body has a media type that is not supported"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "service_unavailable", "The service is temporarily unavailable. Try again later."},
}

// Status returns the HTTP status err is answered with.
func Status(err error) int { return shapes[fault.KindOf(err)].status }

// Write answers with {"error": code, "message": sentence}, plus "errors",
// "details" and further members where err has them. An unclassified error is
// answered as internal and says nothing of its cause.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	e, s := classify(err)
	body := members(e)
	body["error"] = s.code
	body["message"] = s.text
	write(w, r, s, e, body)
}

// WriteSentence answers in the shape of the first-party endpoints (contract
// section 4.3): {"error": sentence}, or {"errors": [...]} where err lists
// several broken rules.
func WriteSentence(w http.ResponseWriter, r *http.Request, err error) {
	e, s := classify(err)
	body := members(e)
	if len(e.Errors) == 0 {
		body["error"] = s.text
	}
	write(w, r, s, e, body)
}

func classify(err error) (*fault.Error, shape) {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		e = &fault.Error{Kind: fault.Internal}
	}
	s := shapes[e.Kind]
	if e.Kind == fault.Internal {
		return &fault.Error{Kind: fault.Internal}, s
	}
	if e.Code != "" {
		s.code = e.Code
	}
	if e.Message != "" {
		s.text = e.Message
	}
	return e, s
}

func members(e *fault.Error) map[string]any {
	body := make(map[string]any, len(e.Fields)+4)
	for k, v := range e.Fields {
		body[k] = v
	}
	if len(e.Errors) > 0 {
		body["errors"] = e.Errors
	}
	if e.Details != nil {
		body["details"] = e.Details
	}
	return body
}

func write(w http.ResponseWriter, r *http.Request, s shape, e *fault.Error, body map[string]any) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", RetryAfter(e.RetryAfter))
	} else if e.Kind == fault.Unavailable {
		w.Header().Set("Retry-After", "1")
	}
	JSON(w, r, s.status, body)
}

// MethodNotAllowed answers with 405. httpserver.Methods has set Allow.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	JSON(w, r, http.StatusMethodNotAllowed, map[string]string{
		"error": "method_not_allowed", "message": "This path does not support the method " + r.Method,
	})
}

// RetryAfter formats d for the Retry-After header: whole seconds, at least 1.
func RetryAfter(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

// JSON answers with status and body as a JSON document that nobody caches.
func JSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		slog.ErrorContext(r.Context(), "encode answer", "error", err)
		status, raw = http.StatusInternalServerError, []byte(`{"error":"internal_server_error","message":"An unexpected error occurred"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // the client may be gone; there is nobody left to tell
}
