package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

var errShape = fault.New(fault.Malformed, "The request body is not valid JSON of the expected shape")

// Strict reads the JSON object in raw into the struct dst as Into does.
// fault.Malformed: it is not what dst expects.
func Strict(raw []byte, dst any) error {
	var whole map[string]any
	if err := json.Unmarshal(raw, &whole); err != nil || whole == nil {
		return errShape.WithCause(errors.New("no JSON object"))
	}
	if err := unambiguous(json.NewDecoder(bytes.NewReader(raw))); err != nil {
		return errShape.WithCause(err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return errShape.WithCause(reason(err))
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
