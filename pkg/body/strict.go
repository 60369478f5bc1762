package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
	"latchkey/pkg/spelling"
)

// notOf refuses a body that is not what dst expects, and says why in words of ours:
// those of the decoder quote the body.
func notOf(why string) error {
	return fault.New(fault.Malformed, "The request body is not valid JSON of the expected shape: "+why)
}

// Strict reads the JSON object in raw into the struct dst as Into does.
// fault.Malformed: it is not what dst expects, and the message names the field.
func Strict(raw []byte, dst any) error {
	var whole map[string]any
	if err := json.Unmarshal(raw, &whole); err != nil || whole == nil {
		return notOf("it is no JSON object")
	}
	known := fieldNames(reflect.TypeOf(dst), nil)
	if err := unambiguous(json.NewDecoder(bytes.NewReader(raw)), known); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return reason(err, known)
	}
	return nil
}

// fieldNames adds the names that JSON has for the fields of a struct, and of those
// within it.
func fieldNames(t reflect.Type, names []string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return names
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
			names = fieldNames(t.Field(i).Type, names)
		} else if t.Field(i).Anonymous {
			names = fieldNames(t.Field(i).Type, names)
		}
	}
	return names
}

func reason(err error, known []string) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return notOf(wrong.Field + " must be " + kindOf(wrong.Type))
	}
	name, found := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !found {
		return notOf("a value is of the wrong type")
	}
	return unknownField(strings.Trim(name, `"`), known)
}

// kindOf says what JSON has for values of a type.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}

// unknownField refuses a name. It is repeated only where it looks like one: a body
// that was sent under the wrong media type is all one name, password included.
func unknownField(name string, known []string) error {
	const longest = 64
	if len(name) > longest || strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) {
		return notOf("a field is not known here")
	}
	if meant, near := spelling.Nearest(name, known); near && meant != name {
		return notOf(name + " is not known here: " + meant + " is")
	}
	return notOf(name + " is not known here")
}

// unambiguous reads one value and refuses what two readers could read in two
// ways: a name that comes twice or in other letters than ours, which the decoder
// would match, and text that holds NUL or was no text before it was decoded.
func unambiguous(dec *json.Decoder, known []string) error {
	token, err := dec.Token()
	if err != nil {
		return notOf("it is no JSON")
	}
	switch token := token.(type) {
	case string:
		return plainText(token)
	case json.Delim:
		var names []string
		for dec.More() {
			if token == '{' {
				name, err := fieldName(dec, names, known)
				if err != nil {
					return err
				}
				names = append(names, name)
			}
			if err := unambiguous(dec, known); err != nil {
				return err
			}
		}
		_, err = dec.Token()
	}
	return err
}

func fieldName(dec *json.Decoder, names, known []string) (string, error) {
	token, err := dec.Token()
	name, _ := token.(string)
	switch {
	case err != nil:
		return "", notOf("it is no JSON")
	case strings.ContainsFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_') }):
		return "", unknownField(name, known)
	case slices.Contains(names, name):
		return "", notOf("a field comes twice")
	}
	return name, nil
}

func plainText(text string) error {
	if strings.ContainsRune(text, 0) {
		return notOf("a string holds NUL")
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return notOf("a string is no text")
	}
	return nil
}
