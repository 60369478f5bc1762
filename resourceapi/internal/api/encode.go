package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// encoder writes JSON without HTML escapes: the answers are never part of a page.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any { return newEncoder() }}

func newEncoder() *encoder {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
	return e
}

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
	if parts, ok := body.(piecewise); ok {
		e.buf.Grow(parts.size())
		err := parts.encodeTo(e, func() {})
		return e.buf.Bytes(), err
	}
	if err := e.json.Encode(body); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return e.buf.Bytes(), nil
}

// piecewise is an answer that encodes itself part by part, because package json
// would hold the whole text several times over while it grows.
type piecewise interface {
	size() int // about, in bytes
	encodeTo(e *encoder, written func()) error
}

// send writes an answer part by part.
func (e *encoder) send(w io.Writer, parts piecewise) error {
	e.buf.Reset()
	send := func() {
		_, _ = w.Write(e.buf.Bytes()) // the write fails when the client has gone
		e.buf.Reset()
	}
	err := parts.encodeTo(e, send)
	send()
	return err
}

// part adds a part of an answer.
func (e *encoder) part(body any) error {
	if err := e.json.Encode(body); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	e.buf.Truncate(e.buf.Len() - 1) // the line feed
	return nil
}

// largestKept is the size in bytes up to which a buffer is used again.
const largestKept = 64 << 10

// encoded returns body as JSON in bytes of its own.
func encoded(body any) ([]byte, error) {
	e := encoders.Get().(*encoder) //nolint:forcetypeassert // the pool makes nothing else
	defer encoders.Put(e)
	raw, err := e.encode(body)
	if cap(raw) > largestKept && e.buf.Cap() > largestKept {
		e.buf = bytes.Buffer{} // its bytes are the caller's now
		return raw, err
	}
	return bytes.Clone(raw), err
}
