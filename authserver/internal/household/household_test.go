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
	"latchkey/pkg/httpserver"
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
	got, err = h.SetTimeZone(t.Context(), "f", "Etc/GMT+1", "Asia/Tokyo")
	if err != nil || h.asked.URL.Query().Get("seen") != "Etc/GMT+1" || got.TimeZone != "Asia/Tokyo" || h.asked.Method != http.MethodPatch || h.carried != `{"family_settings":{"time_zone":"Asia/Tokyo"}}` {
		t.Errorf("%+v, %v: %s", got, err, h.carried)
	}
	h.answer = says(http.StatusUnprocessableEntity, "")
	if _, err := h.SetTimeZone(t.Context(), "f", "", "Mars"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no such zone: %v", err)
	}
	h.answer = says(http.StatusConflict, "")
	if _, err := h.SetTimeZone(t.Context(), "f", "UTC", "Asia/Tokyo"); !fault.Is(err, fault.Conflict) {
		t.Errorf("another zone than was seen: %v", err)
	}
	for what, answer := range map[string]http.HandlerFunc{
		"a failure": says(http.StatusInternalServerError, ""), "no JSON": says(http.StatusOK, "x"), "no zone": says(http.StatusOK, `{"today": "2026-03-01"}`),
		"no day": says(http.StatusOK, `{"time_zone": "UTC", "today": "soon"}`), "nothing": says(http.StatusOK, ""),
		"too long": says(http.StatusOK, `{"time_zone": "`+strings.Repeat("x", 5000)+`", "today": "2026-03-01"}`),
	} {
		h.answer = answer
		for _, ask := range []func() error{
			func() error { _, err := h.FamilySettings(t.Context(), "f"); return err },
			func() error { _, err := h.SetTimeZone(t.Context(), "f", "", "UTC"); return err },
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

// An export is whole when its last boundary has come, and not before.
func TestAnExportIsWholeOrAnError(t *testing.T) {
	h := newHolder(t)
	const whole = "--b\r\nContent-Disposition: attachment; filename=\"accounts.json\"\r\n\r\n[]\n\r\n" +
		"--b\r\nContent-Disposition: attachment; filename=\"tags.json\"\r\n\r\n[1]\n\r\n--b--"
	for n := range len(whole) + 1 {
		h.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
			_, _ = io.WriteString(w, whole[:n])
		}
		var got string
		err := h.ExportFamily(t.Context(), "f", func(name string, content io.Reader) error {
			raw, err := io.ReadAll(content)
			got += name + string(raw)
			return err
		})
		if (err == nil) != (n == len(whole)) || err == nil && got != "accounts.json[]\ntags.json[1]\n" {
			t.Errorf("%d bytes: %q, %v", n, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "[1]") {
			t.Errorf("the error holds data: %v", err)
		}
	}
	if h.asked.Method != http.MethodGet || h.asked.URL.Path != "/internal/families/f/export" || h.asked.Header.Get("Authorization") != "Bearer the secret" {
		t.Errorf("%s %s", h.asked.Method, h.asked.URL)
	}
	h.answer = says(http.StatusOK, "--b--")
	if err := h.ExportFamily(t.Context(), "f", nil); err == nil {
		t.Error("no multipart is an export")
	}
	for _, status := range []int{http.StatusNotFound, http.StatusUnauthorized, http.StatusServiceUnavailable, http.StatusFound} {
		h.answer = says(status, "")
		if err := h.ExportFamily(t.Context(), "f", nil); err == nil {
			t.Errorf("%d is an export", status)
		}
	}
}

// Who says nothing any more is not waited for, whoever waits.
func TestASilentExportEnds(t *testing.T) {
	h := newHolder(t)
	h.SetPatience(20 * time.Millisecond)
	gone := make(chan struct{})
	h.answer = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
		_, _ = io.WriteString(w, "--b\r\nContent-Disposition: attachment; filename=\"accounts.json\"\r\n\r\n[")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}
	err := h.ExportFamily(t.Context(), "f", func(_ string, content io.Reader) error {
		_, err := io.Copy(io.Discard, content)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "sends nothing any more") {
		t.Errorf("%v", err)
	}
	<-gone
}

// Check tells which program answers, and works with one that does not say.
func TestCheckTellsWhichProgramAnswers(t *testing.T) {
	h := newHolder(t)
	want := httpserver.Program{Version: "1.2.3", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	for _, c := range []struct {
		fields map[string]string
		want   httpserver.Program
	}{
		{map[string]string{"Latchkey-Version": "1.2.3", "Latchkey-Since": "2026-01-02T03:04:05Z"}, want},
		{nil, httpserver.Program{}},
		{map[string]string{"Latchkey-Since": "yesterday"}, httpserver.Program{}},
	} {
		h.answer = func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range c.fields {
				w.Header().Set(name, value)
			}
		}
		if got, err := h.Check(t.Context()); err != nil || got != c.want {
			t.Errorf("%v: %+v, %v", c.fields, got, err)
		}
	}
	h.answer = says(http.StatusUnauthorized, "")
	if _, err := h.Check(t.Context()); err == nil {
		t.Error("a refusal is no error")
	}
}
