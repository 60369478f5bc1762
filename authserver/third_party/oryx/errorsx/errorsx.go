// Package errorsx adds stack traces to errors and names what an error may carry.
package errorsx

import (
	stderrors "errors"

	"github.com/pkg/errors"
)

type (
	// DebugCarrier is an error with debugging information.
	DebugCarrier interface{ Debug() string }
	// ReasonCarrier is an error with a reason.
	ReasonCarrier interface{ Reason() string }
	// RequestIDCarrier is an error that names its request.
	RequestIDCarrier interface{ RequestID() string }
	// StatusCarrier is an error with a status text.
	StatusCarrier interface{ Status() string }
	// StatusCodeCarrier is an error with an HTTP status.
	StatusCodeCarrier interface{ StatusCode() int }
	// DetailsCarrier is an error with details.
	DetailsCarrier interface{ Details() map[string]any }

	stackTracer interface{ StackTrace() errors.StackTrace }
)

// Cause returns the innermost error that still has a cause of its own to name.
func Cause(err error) error {
	for {
		c, ok := err.(interface{ Cause() error })
		if !ok {
			return err
		}
		next := c.Cause()
		if next == nil {
			return err
		}
		err = next
	}
}

// WithStack adds a stack trace to err unless it has one.
func WithStack(err error) error {
	var traced stackTracer
	if st, ok := err.(stackTracer); ok && stderrors.As(err, &traced) && len(st.StackTrace()) > 0 {
		return err
	}
	return errors.WithStack(err)
}
