package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"latchkey/pkg/body"
	"latchkey/pkg/fault"
)

// idempotencyHeader names a request so that repeating it does nothing twice
// (draft-ietf-httpapi-idempotency-key-header).
const idempotencyHeader = "Idempotency-Key"

const (
	maxIdempotencyKey = 255
	// LargestBody is the size in bytes of the largest body that an endpoint reads: an
	// import in its form (docs/contract.md, "Merchants").
	LargestBody = 11 << 20
)

// once runs act at most once for the caller's idempotency key. The key, what act
// writes and the answer are one transaction. A repeated request gets the first
// answer; another request with the same key is refused. A request that fails leaves
// the key free, so it may be corrected and sent again.
func (c *call) once(ctx context.Context, w http.ResponseWriter, act action) (reply, error) {
	key, err := idempotencyKey(c.Header.Values(idempotencyHeader))
	if err != nil {
		return reply{}, err
	}
	raw, err := body.Bytes(c.Request, max(c.limits.Bytes, LargestBody))
	if err != nil {
		return reply{}, err
	}
	fingerprint := c.fingerprint(raw)
	digest := sha256.Sum256([]byte(c.caller.UserID + "\n" + c.caller.ClientID + "\n" + key))
	status, answer, replayed, err := c.family.Idempotent(ctx, digest[:], fingerprint, func(ctx context.Context) (int, []byte, error) {
		c.Body = io.NopCloser(bytes.NewReader(raw)) // anew for each attempt
		got, err := act(ctx, c)
		if err != nil {
			return 0, nil, err
		}
		text, err := encoded(got.body)
		return got.status, text, err
	})
	if err != nil {
		return reply{}, err
	}
	if replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return reply{status: status, body: json.RawMessage(answer)}, nil
}

// fingerprint identifies a request. It leaves out the boundary of a multipart form,
// because clients choose a new one each time they send the same form.
func (c *call) fingerprint(raw []byte) []byte {
	kind := c.Header.Get("Content-Type")
	if media, params, err := mime.ParseMediaType(kind); err == nil && params["boundary"] != "" {
		kind, raw = media, bytes.ReplaceAll(raw, []byte("--"+params["boundary"]), nil)
	}
	hash := sha256.New()
	for _, part := range [][]byte{[]byte(c.Method), []byte(c.URL.Path), []byte(c.URL.RawQuery), []byte(kind), raw} {
		sum := sha256.Sum256(part)
		_, _ = hash.Write(sum[:]) // a hash never fails
	}
	return hash.Sum(nil)
}

// idempotencyKey reads the header: a structured field string, or the bare key
// as most clients send it.
func idempotencyKey(values []string) (string, error) {
	refused := fault.New(fault.Malformed, "Idempotency-Key must be one string of 1 to 255 printable characters")
	if len(values) != 1 {
		return "", refused
	}
	key := strings.TrimSpace(values[0])
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(key[1 : len(key)-1])
	}
	if key == "" || len(key) > maxIdempotencyKey {
		return "", refused
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return "", refused.WithCause(errors.New("unprintable idempotency key"))
		}
	}
	return key, nil
}
