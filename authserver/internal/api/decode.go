package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

const maxBody = 64 << 10 // bytes

var errBody = fault.New(fault.Malformed, "The request body is not valid JSON of the expected shape")

// Decode reads the body, JSON or a form with bracketed names, into dst, strictly:
// one object, known fields, the right types, UTF-8 without NUL. Errors:
// fault.Malformed, fault.TooLarge.
func Decode(r *http.Request, dst any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return httpserver.BodyError(err, errBody.Message)
	}
	if !utf8.Valid(raw) {
		return errBody.WithCause(errors.New("not UTF-8"))
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")):
	case err == nil && kind == "application/x-www-form-urlencoded":
		if raw, err = formToJSON(string(raw)); err != nil {
			return err
		}
	default:
		return fault.New(fault.Malformed, "Send the request body as application/json").WithCause(err)
	}
	return decodeJSON(raw, dst)
}

func decodeJSON(raw []byte, dst any) error {
	var whole map[string]any
	if err := json.Unmarshal(raw, &whole); err != nil || whole == nil {
		return errBody.WithCause(err)
	}
	if hasNUL(whole) {
		return errBody.WithCause(errors.New("NUL in a string"))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return errBody.WithCause(err)
	}
	return nil
}

func hasNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, one := range v {
			if hasNUL(one) {
				return true
			}
		}
	case map[string]any:
		for key, one := range v {
			if hasNUL(key) || hasNUL(one) {
				return true
			}
		}
	}
	return false
}

// formToJSON turns user[email]=a into {"user":{"email":"a"}}.
func formToJSON(body string) ([]byte, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, errBody.WithCause(err)
	}
	whole := map[string]any{}
	for name, values := range form {
		if len(values) > 1 || !utf8.ValidString(values[0]) {
			return nil, errBody.WithCause(errors.New("a field came twice or is no text"))
		}
		outer, inner, nested := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		if !nested {
			whole[name] = values[0]
			continue
		}
		group, ok := whole[outer].(map[string]any)
		if whole[outer] == nil {
			group, ok = map[string]any{}, true
			whole[outer] = group
		}
		if !ok {
			return nil, errBody.WithCause(errors.New("a field is both a value and a group"))
		}
		group[inner] = values[0]
	}
	return json.Marshal(whole)
}
