package api

import (
	"errors"
	"net/http"

	"latchkey/pkg/body"
	"latchkey/pkg/fault"
)

const maxBody = 64 << 10 // bytes

// decode reads the body, JSON or a form with bracketed names, into dst, strictly
// (body.Into). Errors: fault.Malformed, fault.TooLarge.
func decode(r *http.Request, dst any) error {
	err := body.Into(r, maxBody, dst)
	if errors.Is(err, body.ErrMediaType) {
		return fault.New(fault.Malformed, "Send the request body as application/json")
	}
	return err
}
