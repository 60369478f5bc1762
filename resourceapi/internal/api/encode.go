package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// encoder is JSON without HTML escapes: nobody puts these answers into a page,
// and people read them.
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

// encode returns body as JSON, good until the next call. Bytes that are JSON
// already pass as they are.
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

// largestKept is the size in bytes above which a buffer is not used again.
const largestKept = 64 << 10

// encoded is body as JSON, to keep.
func encoded(body any) ([]byte, error) {
	e := encoders.Get().(*encoder) //nolint:forcetypeassert // the pool makes nothing else
	defer encoders.Put(e)
	raw, err := e.encode(body)
	return bytes.Clone(raw), err
}
