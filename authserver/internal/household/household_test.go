package household_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/household"
	"latchkey/pkg/fault"
)

// holder is the resource API.
type holder struct {
	*household.Client
	answer  http.HandlerFunc
	asked   *http.Request
	carried string // what came with it
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	h := &holder{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		h.asked, h.carried = r, string(raw)
		h.answer(w, r)
	}))
	t.Cleanup(server.Close)
	var err error
	if h.Client, err = household.New(server.URL+"/", "the secret"); err != nil {
		t.Fatal(err)
	}
	return h
}

func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func TestErasingAFamily(t *testing.T) {
	h := newHolder(t)
	for status, good := range map[int]bool{
		http.StatusOK: true, http.StatusAccepted: true, http.StatusNoContent: true, http.StatusGone: true,
		http.StatusUnauthorized: false, http.StatusNotFound: false, http.StatusInternalServerError: false, http.StatusServiceUnavailable: false,
	} {
		h.answer = says(status, "")
		if err := h.EraseFamily(t.Context(), "a/b"); (err == nil) != good {
			t.Errorf("%d: %v", status, err)
		}
		if h.asked.Method != http.MethodDelete || h.asked.URL.EscapedPath() != "/internal/families/a%2Fb" || h.asked.Header.Get("Authorization") != "Bearer the secret" {
			t.Errorf("%s %s", h.asked.Method, h.asked.URL)
		}
	}
}

// The secret stays with the host it is for.
func TestARedirectIsNotFollowed(t *testing.T) {
	var reached bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(elsewhere.Close)
	h := newHolder(t)
	h.answer = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}
	if err := h.EraseFamily(t.Context(), "f"); err == nil || reached || strings.Contains(err.Error(), "the secret") {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestFamilySettings(t *testing.T) {
	h := newHolder(t)
	h.answer = says(http.StatusOK, `{"time_zone": "Asia/Tokyo", "today": "2026-03-01"}`)
	got, err := h.FamilySettings(t.Context(), "f")
	if err != nil || got.TimeZone != "Asia/Tokyo" || !got.Today.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || h.asked.Method != http.MethodGet {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = h.SetTimeZone(t.Context(), "f", "Asia/Tokyo")
	if err != nil || got.TimeZone != "Asia/Tokyo" || h.asked.Method != http.MethodPatch || h.carried != `{"family_settings":{"time_zone":"Asia/Tokyo"}}` {
		t.Errorf("%+v, %v: %s", got, err, h.carried)
	}
	h.answer = says(http.StatusUnprocessableEntity, "")
	if _, err := h.SetTimeZone(t.Context(), "f", "Mars"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no such zone: %v", err)
	}
	for what, answer := range map[string]http.HandlerFunc{
		"a failure": says(http.StatusInternalServerError, ""), "no JSON": says(http.StatusOK, "x"), "no zone": says(http.StatusOK, `{"today": "2026-03-01"}`),
		"no day": says(http.StatusOK, `{"time_zone": "UTC", "today": "soon"}`), "nothing": says(http.StatusOK, ""),
		"too long": says(http.StatusOK, `{"time_zone": "`+strings.Repeat("x", 5000)+`", "today": "2026-03-01"}`),
	} {
		h.answer = answer
		for _, ask := range []func() error{
			func() error { _, err := h.FamilySettings(t.Context(), "f"); return err },
			func() error { _, err := h.SetTimeZone(t.Context(), "f", "UTC"); return err },
		} {
			if err := ask(); err == nil || fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestTheHolderIsAway(t *testing.T) {
	h := newHolder(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := h.EraseFamily(ctx, "f"); err == nil {
		t.Error("erased without asking")
	}
	for _, bad := range []string{"", "resource-api:8081", "ftp://resource-api", "http://"} {
		if _, err := household.New(bad, "s"); err == nil {
			t.Errorf("%q is an address", bad)
		}
	}
}
