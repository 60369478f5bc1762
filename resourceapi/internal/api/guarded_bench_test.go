package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/apierror"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/secret"
	"latchkey/resourceapi/internal/api"
	"latchkey/resourceapi/internal/store"
)

// vouching answers that every token is active and valid for an hour.
type vouching struct{}

func (vouching) Introspect(context.Context, secret.Token) (introspection.Answer, error) {
	const id = "a0000000-0000-4000-8000-000000000000"
	return introspection.Answer{
		Active: true, Scope: "read_write", ClientID: id, TokenType: "Bearer", Exp: time.Now().Add(time.Hour).Unix(), Iat: time.Now().Unix(),
		Sub: id, Iss: "http://127.0.0.1:8080", FamilyID: id, UserID: id, Role: "admin", CredentialID: id, CredentialKind: introspection.KindAccessToken,
	}, nil
}

// nowhere is a response writer that drops everything.
type nowhere struct {
	h http.Header
	n int
}

func (w *nowhere) Header() http.Header         { return w.h }
func (w *nowhere) WriteHeader(int)             { _ = w.h.Clone() }
func (w *nowhere) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

// BenchmarkGuarded is what the service itself adds to a request whose credential
// is remembered, beside a bare router that answers as much.
func BenchmarkGuarded(b *testing.B) {
	r := httptest.NewRequest(http.MethodGet, "/api/v1/usage", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+secret.New(secret.AccessToken).Reveal())
	bare := mux.NewRouter()
	bare.HandleFunc("/api/v1/usage", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(make([]byte, 200))
	})
	took := map[string]time.Duration{}
	for _, h := range []struct {
		name string
		http.Handler
	}{{"bare", bare}, {"guarded", guarded(b)}} {
		b.Run(h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := &nowhere{h: make(http.Header)}
				h.ServeHTTP(w, r)
				if w.n < 100 {
					b.Fatalf("%d bytes", w.n)
				}
			}
			took[h.name] = b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(took[h.name])/float64(took["bare"]), "of_bare")
		})
	}
}

func guarded(b *testing.B) http.Handler {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	reg := prometheus.NewRegistry()
	cached, err := introspection.NewCached(vouching{}, introspection.CachedOptions{Now: time.Now, Logger: log, Registerer: reg})
	if err != nil {
		b.Fatal(err)
	}
	uses, err := keyuse.NewRecorder(keyuse.Options{
		Sink: func(context.Context, keyuse.Report) error { return nil }, Now: time.Now, Logger: log,
	})
	if err != nil {
		b.Fatal(err)
	}
	g, err := guard.New(guard.Options{Introspector: cached, Now: time.Now, Uses: uses, MetadataURL: api.MetadataURL("http://127.0.0.1")})
	if err != nil {
		b.Fatal(err)
	}
	a, err := api.New(api.Options{Store: store.New(nil, store.Options{Now: time.Now}), Guard: g, Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	a.Mount(router)
	return httpserver.Chain{
		Now: time.Now, Logger: log, Metrics: httpserver.NewMetrics(reg), Headers: httpserver.APIHeaders(), Render: apierror.Write,
	}.Wrap(router)
}
