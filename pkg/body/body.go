// Package body reads the bodies of requests to the JSON APIs: a JSON object, or a
// form whose names are nested as Rails nests them.
package body

import (
	"bytes"
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

// Object reads the body of r, at most limit bytes. Numbers are json.Number, and
// every value of a form is a string or a list of strings. Of a name that comes
// twice the last one counts.
func Object(r *http.Request, limit int64) (map[string]any, error) {
	raw, form, err := read(r, limit)
	switch {
	case err != nil:
		return nil, err
	case form:
		return parseForm(string(raw), false)
	}
	return parseJSON(raw)
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
	raw, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	if err != nil {
		return nil, false, httpserver.BodyError(err, "The request body could not be read")
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

var (
	errJSON = fault.New(fault.Malformed, "The request body is not valid JSON")
	errUTF8 = fault.New(fault.Malformed, "The request body is not valid UTF-8")
)

func parseJSON(raw []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // an amount must not pass through a float
	var whole any
	if err := dec.Decode(&whole); err != nil {
		return nil, errJSON.WithCause(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	object, isObject := whole.(map[string]any)
	if !isObject {
		return nil, fault.New(fault.Malformed, "The request body must be a JSON object")
	}
	return object, nil
}
