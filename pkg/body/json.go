package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

// Bounds of what a JSON body is made of. With them the values read from a body take
// little more memory than the body, however they are arranged.
const (
	maxDepth = 32
	maxText  = 1 << 20 // bytes of one string as it is written
)

var (
	errJSON  = fault.New(fault.Malformed, "The request body is not valid JSON")
	errDepth = fault.New(fault.Malformed, "The request body is nested too deeply")
	errText  = fault.New(fault.Malformed, "The request body holds a string that is too long")
)

// ErrNoObject is returned for JSON of another kind.
var ErrNoObject = fault.New(fault.Malformed, "The request body must be a JSON object")

// ErrTooMany is returned for a body of more values than were allowed.
var ErrTooMany = fault.New(fault.Malformed, "The request body holds too many values")

// JSON reads an object of at most values values: objects, lists, strings, numbers
// and so on. It stops at the first one too many.
func JSON(raw []byte, values int) (map[string]any, error) {
	if !utf8.Valid(raw) {
		return nil, errUTF8
	}
	if longText(raw) {
		return nil, errText
	}
	w := walker{dec: json.NewDecoder(bytes.NewReader(raw)), left: values}
	w.dec.UseNumber() // an amount must not pass through a float
	whole, err := w.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	object, isObject := whole.(map[string]any)
	if !isObject {
		return nil, ErrNoObject
	}
	return object, nil
}

// walker reads values token by token. Nothing is kept that was not counted.
type walker struct {
	dec  *json.Decoder
	left int
}

func (w *walker) value(depth int) (any, error) {
	token, err := w.dec.Token()
	if err != nil {
		return nil, errJSON.WithCause(err)
	}
	if w.left--; w.left < 0 {
		return nil, ErrTooMany
	}
	if depth > maxDepth {
		return nil, errDepth
	}
	switch token {
	case json.Delim('{'):
		return w.object(depth + 1)
	case json.Delim('['):
		return w.list(depth + 1)
	}
	return token, nil
}

// object reads the members after a brace. Of a name that comes twice the last one
// counts.
func (w *walker) object(depth int) (any, error) {
	members := map[string]any{}
	w.left -= objectCosts
	for w.dec.More() {
		name, err := w.dec.Token()
		if err != nil {
			return nil, errJSON.WithCause(err)
		}
		text, isText := name.(string)
		if !isText {
			return nil, errJSON
		}
		if members[text], err = w.value(depth); err != nil {
			return nil, err
		}
	}
	return members, w.end()
}

// objectCosts is how many values an object counts as besides itself: that is about
// what it takes in memory.
const objectCosts = 3

func (w *walker) list(depth int) (any, error) {
	items := []any{}
	for w.dec.More() {
		item, err := w.value(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, w.end()
}

func (w *walker) end() error {
	if _, err := w.dec.Token(); err != nil {
		return errJSON.WithCause(err)
	}
	return nil
}

// longText reports whether a string is longer than maxText. The decoder holds a whole
// string, several times over while it grows, before anything can count it.
func longText(raw []byte) bool {
	for {
		begin := bytes.IndexByte(raw, '"')
		if begin < 0 {
			return false
		}
		raw = raw[begin+1:]
		length := textLength(raw)
		if length > maxText {
			return true
		}
		raw = raw[min(length+1, len(raw)):]
	}
}

// textLength is how many bytes the string has that raw begins with.
func textLength(raw []byte) int {
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return len(raw)
}
