package clientdoc

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/fault"
	"latchkey/pkg/picture"
)

const logo = "https://app.example/logo.png"

// pictures fetches from h.
func (h *host) pictures() *Pictures {
	p := NewPictures(nil, h.names, slog.New(slog.DiscardHandler))
	p.fetcher.dial, p.fetcher.tls = h.fetcher.dial, h.fetcher.tls
	return p
}

func (h *host) sends(kind string, body []byte) {
	h.answer.Store(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body)
	})
}

// TestS46_PicturesAreNotFetchedInside, nor wherever the answer sends us, nor what is
// larger than a logo or says to be something else.
func TestS46_PicturesAreNotFetchedInside(t *testing.T) {
	for _, answer := range [][]string{{"127.0.0.1"}, {"93.184.216.34", "10.0.0.1"}, {"::ffff:169.254.169.254"}, {"fe80::1"}} {
		h := newHost(t, answer)
		if _, err := h.pictures().Fetch(t.Context(), logo); !fault.Is(err, fault.Invalid) || len(h.dialed) != 0 {
			t.Errorf("%v: %v, dialled %v", answer, err, h.dialed)
		}
	}
	h := newHost(t, []string{"93.184.216.34"}, []string{"127.0.0.1"})
	for _, address := range []string{"http://app.example/logo.png", "https://127.0.0.1/x", "https://[::1]/x", "https://u:p@app.example/x", "file:///etc/passwd", "https://", "", "%"} {
		if _, err := h.pictures().Fetch(t.Context(), address); !fault.Is(err, fault.Invalid) || len(h.dialed) != 0 {
			t.Errorf("%s: %v, dialled %v", address, err, h.dialed)
		}
	}
	h.sends("image/png", []byte("raw"))
	if raw, err := h.pictures().Fetch(t.Context(), logo); err != nil || string(raw) != "raw" || h.names.asked != 1 {
		t.Errorf("%q, %v; asked for the name %d times", raw, err, h.names.asked)
	}
	for kind, body := range map[string][]byte{
		"image/svg+xml": []byte("<svg/>"), "text/html": []byte("<script>"), "": []byte("x"), "application/octet-stream": []byte("x"),
		"image/png": bytes.Repeat([]byte("x"), picture.MaxBytes+1),
	} {
		h := newHost(t, []string{"93.184.216.34"})
		h.sends(kind, body)
		if _, err := h.pictures().Fetch(t.Context(), logo); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for status, want := range map[int]fault.Kind{301: fault.Invalid, 302: fault.Invalid, 307: fault.Invalid, 404: fault.Invalid, 204: fault.Invalid, 500: fault.Unavailable, 429: fault.Unavailable} {
		h := newHost(t, []string{"93.184.216.34"})
		h.answer.Store(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1/")
			w.WriteHeader(status)
		})
		if _, err := h.pictures().Fetch(t.Context(), logo); !fault.Is(err, want) || h.asked.Load() != 1 || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%d: %v after %d requests", status, err, h.asked.Load())
		}
	}
}

// TestPicturesThatNeverEnd end with whoever asked; others wait for nobody.
func TestPicturesThatNeverEnd(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"})
	ctx, stop := context.WithCancel(t.Context())
	h.answer.Store(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte("\x89PNG"))
		w.(http.Flusher).Flush() //nolint:forcetypeassert // net/http's
		stop()
		<-r.Context().Done()
	})
	p := h.pictures()
	if _, err := p.Fetch(ctx, logo); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	for range cap(p.places) {
		p.places <- struct{}{}
	}
	if _, err := p.Fetch(t.Context(), logo); !fault.Is(err, fault.Unavailable) || h.asked.Load() != 1 {
		t.Errorf("%v after %d requests", err, h.asked.Load())
	}
}
