package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/ory/fosite"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

var errInvalidTarget = &fosite.RFC6749Error{
	ErrorField:       "invalid_target",
	DescriptionField: "The requested resource is invalid, missing, unknown, or malformed.",
	CodeField:        http.StatusBadRequest,
}

// errGrant is the one answer to every code or refresh token that is not good.
var errGrant = fosite.ErrInvalidGrant.WithHint("The code or token is unknown, expired, used, revoked, or was issued to another client or for other parameters.")

func withStatus(err *fosite.RFC6749Error, status int) *fosite.RFC6749Error {
	c := *err
	c.CodeField = status
	return &c
}

// wire is an OAuth error as it is sent (RFC 6749 section 5.2).
type wire struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`

	status     int
	retryAfter time.Duration
}

// wireError is the one place where an error becomes an OAuth error. A lost claim
// is invalid_grant; a database that cannot be asked is temporarily_unavailable;
// what nobody classified is server_error and says nothing.
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
	known, ok := errors.AsType[*fosite.RFC6749Error](err)
	if !ok || known.CodeField >= http.StatusInternalServerError {
		return wire{Code: "server_error", Description: "The server met an unexpected condition.", status: http.StatusInternalServerError}
	}
	w := wire{Code: known.ErrorField, Description: known.DescriptionField, status: known.CodeField}
	if known.HintField != "" {
		w.Description = known.HintField
	}
	w.Description = describable(w.Description)
	return w
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
	if s.Throttle != nil && answer.status < http.StatusInternalServerError {
		if wait := s.Throttle.Refused(r.Context()); wait > 0 {
			answer = wireError(fault.New(fault.RateLimited, "").WithRetryAfter(wait))
		}
	}
	s.Metrics.Refused(endpoint, answer.Code)
	httpserver.Annotate(r.Context(), slog.String("oauth_error", answer.Code))
	httpserver.Cause(r.Context(), httpserver.Classify(r.Context(), err))
	h := w.Header()
	if answer.retryAfter > 0 {
		h.Set("Retry-After", apierror.RetryAfter(answer.retryAfter))
	}
	if answer.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="latchkey", charset="UTF-8"`)
	}
	writeJSON(w, answer.status, answer)
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
