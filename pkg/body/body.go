// Package body reads the bodies of requests to the JSON APIs: a JSON object, or a
// form whose names are nested as Rails nests them.
package body

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// What is wrong with a body as a whole. Every other error of this package is a
// fault.Malformed, or a fault.TooLarge.
var (
	ErrEmpty     = fault.New(fault.Malformed, "Required parameters are missing or invalid")
	ErrMediaType = fault.New(fault.Unsupported, "The request body must be application/json or application/x-www-form-urlencoded")
)

// Limits bound a body.
type Limits struct {
	Bytes  int64
	Values int // objects, lists, strings, numbers and so on of a JSON body; 0: DefaultValues
}

// DefaultValues is more values than a single noun has.
const DefaultValues = 10_000

// Object reads the body of r within limits. Numbers are json.Number, and every value
// of a form is a string or a list of strings. Of a name that comes twice the last one
// counts.
func Object(r *http.Request, limits Limits) (map[string]any, error) {
	raw, form, err := read(r, limits.Bytes)
	switch {
	case err != nil:
		return nil, err
	case form:
		return parseForm(string(raw), false)
	case limits.Values == 0:
		limits.Values = DefaultValues
	}
	return JSON(raw, limits.Values)
}

// Into reads the body of r, at most limit bytes, into the struct dst and refuses
// what two readers could read in two ways: a name that dst does not have, that is
// in other letters, or that comes twice; a wrong type; text that holds NUL or was
// no UTF-8.
func Into(r *http.Request, limit int64, dst any) error {
	raw, form, err := read(r, limit)
	if err != nil {
		return err
	}
	if form {
		object, err := parseForm(string(raw), true)
		if err != nil {
			return err
		}
		if raw, err = json.Marshal(object); err != nil {
			return err
		}
	}
	return Strict(raw, dst)
}

// read returns the body and whether it is a form. A body of another media type is
// refused before it is sent where the request says so.
func read(r *http.Request, limit int64) (raw []byte, form bool, err error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	if kind == "multipart/form-data" {
		return nil, false, ErrMediaType
	}
	raw, err = Bytes(r, limit)
	if err != nil {
		return nil, false, err
	}
	form = kind == "application/x-www-form-urlencoded"
	switch {
	case len(raw) == 0:
		return nil, false, ErrEmpty
	case !utf8.Valid(raw):
		return nil, false, errUTF8
	case !form && kind != "application/json" && !strings.HasSuffix(kind, "+json"):
		return nil, false, ErrMediaType
	}
	return raw, form, nil
}

var errUTF8 = fault.New(fault.Malformed, "The request body is not valid UTF-8")

// Bytes reads the body of r, at most limit bytes. One whose length is known takes no
// more memory than that; nothing is set aside for what does not arrive.
func Bytes(r *http.Request, limit int64) ([]byte, error) {
	from := http.MaxBytesReader(nil, r.Body, limit)
	raw := make([]byte, 0, min(max(r.ContentLength, 0)+1, firstRead))
	for {
		n, err := from.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		switch {
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return nil, httpserver.BodyError(err, "The request body could not be read")
		case len(raw) < cap(raw):
		case r.ContentLength > int64(len(raw)) && r.ContentLength <= limit:
			raw = append(make([]byte, 0, r.ContentLength+1), raw...)
		default:
			raw = append(raw, 0)[:len(raw)]
		}
	}
}

// firstRead is how many bytes arrive before room for the rest is set aside.
const firstRead = 64 << 10
