package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// encoder writes JSON without HTML escapes: the answers are never part of a page.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
	return e
}}

// encode returns body as JSON, valid until the next call. It does not change a
// json.RawMessage.
func (e *encoder) encode(body any) ([]byte, error) {
	if raw, ok := body.(json.RawMessage); ok {
		return raw, nil
	}
	if e.buf.Cap() > largestKept {
		e.buf = bytes.Buffer{}
	}
	e.buf.Reset()
	if err := e.json.Encode(body); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return e.buf.Bytes(), nil
}

// largestKept is the size in bytes up to which a buffer is used again.
const largestKept = 64 << 10

// encoded returns body as JSON in bytes of its own.
func encoded(body any) ([]byte, error) {
	e := encoders.Get().(*encoder) //nolint:forcetypeassert // the pool makes nothing else
	defer encoders.Put(e)
	raw, err := e.encode(body)
	return bytes.Clone(raw), err
}
