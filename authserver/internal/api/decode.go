package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
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
		return errBody.WithCause(errors.New("no JSON object"))
	}
	if err := unambiguous(json.NewDecoder(bytes.NewReader(raw))); err != nil {
		return errBody.WithCause(err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return errBody.WithCause(reason(err))
	}
	return nil
}

// reason says what was wrong in words of ours: the decoder's quote the body, and
// a body sent under the wrong media type is all one name, password included.
func reason(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New("a value of the wrong type for " + wrong.Field)
	}
	return errors.New("an unknown field")
}

// unambiguous reads one value and refuses what two readers could read in two
// ways: a name that comes twice or in other letters than ours, which the decoder
// would match, and text that holds NUL or was no text before it was decoded.
func unambiguous(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return errors.New("no JSON")
	}
	switch token := token.(type) {
	case string:
		return plainText(token)
	case json.Delim:
		names := map[string]bool{}
		for dec.More() {
			if token == '{' {
				if err := fieldName(dec, names); err != nil {
					return err
				}
			}
			if err := unambiguous(dec); err != nil {
				return err
			}
		}
		_, err = dec.Token()
	}
	return err
}

func fieldName(dec *json.Decoder, names map[string]bool) error {
	token, err := dec.Token()
	name, _ := token.(string)
	switch {
	case err != nil:
		return errors.New("no JSON")
	case strings.ContainsFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_') }):
		return errors.New("an unknown field")
	case names[name]:
		return errors.New("a field twice")
	}
	names[name] = true
	return nil
}

func plainText(text string) error {
	if strings.ContainsRune(text, 0) {
		return errors.New("NUL in a string")
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return errors.New("a string that is no text")
	}
	return nil
}

// formToJSON turns user[email]=a into {"user":{"email":"a"}}, and names that end
// in [], which may come several times, into lists.
func formToJSON(body string) ([]byte, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, errBody.WithCause(errors.New("no well-formed form"))
	}
	whole := map[string]any{}
	for name, values := range form {
		name, list := strings.CutSuffix(name, "[]")
		if list && form.Has(name) {
			return nil, errBody.WithCause(errors.New("a field is both a value and a list"))
		}
		if len(values) > 1 && !list || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return nil, errBody.WithCause(errors.New("a field came twice or is no text"))
		}
		var value any = values[0]
		if list {
			value = values
		}
		outer, inner, nested := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		if !nested {
			whole[name] = value
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
		group[inner] = value
	}
	return json.Marshal(whole)
}
