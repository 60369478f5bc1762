package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/doctor"
	"latchkey/pkg/testenv"
)

// wantFinding: the report holds one finding, of this status, that says this.
func wantFinding(t *testing.T, r *doctor.Report, status doctor.Status, says string) {
	t.Helper()
	if len(r.Findings) != 1 || r.Findings[0].Status != status || !strings.Contains(r.Findings[0].Says, says) {
		t.Errorf("%+v, not one %s that says %q", r.Findings, status, says)
	}
}

// TestOnlyAFailureMakesSick: a warning is a choice.
func TestOnlyAFailureMakesSick(t *testing.T) {
	var r doctor.Report
	r.OK("a", "well")
	r.Warn("b", "hm")
	if !r.Healthy() {
		t.Error("a warning is a failure")
	}
	r.FailSettings(errors.New("config: A_URL is no URL\nB_KEY is missing"))
	if r.Healthy() || len(r.Findings) != 4 || r.Findings[3].Says != "B_KEY is missing." {
		t.Errorf("%+v", r.Findings)
	}
}

// TestTheCommandFailsWhenSomethingHasToBeDone, so that scripts see it.
func TestTheCommandFailsWhenSomethingHasToBeDone(t *testing.T) {
	for _, sick := range []bool{false, true} {
		err := doctor.Command("authserver", time.Now, func(_ context.Context, r *doctor.Report) {
			if sick {
				r.Fail("a", "bad")
			}
		})(t.Context(), nil)
		if (err != nil) != sick {
			t.Errorf("sick %t: %v", sick, err)
		}
	}
}

// TestAMissingFileIsNotMade by looking for it.
func TestAMissingFileIsNotMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none.db")
	for range 2 {
		var r doctor.Report
		if r.CheckFile("authserver", "AUTH_DATABASE_URL", "sqlite://"+file) {
			t.Error("a file that is not there was found")
		}
		wantFinding(t, &r, doctor.Failure, file)
	}
	var r doctor.Report
	if !r.CheckFile("authserver", "AUTH_DATABASE_URL", "postgres://host/name") || len(r.Findings) != 0 {
		t.Errorf("%+v", r.Findings)
	}
}

// TestTheDatabaseIsAskedForItsSchemaAndClock: what is newer or older is a sentence.
func TestTheDatabaseIsAskedForItsSchemaAndClock(t *testing.T) {
	db, err := database.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "test.db"), database.Options{MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	newer := errors.New("the schema is newer than this program")
	for _, c := range []struct {
		compatible error
		steps      []database.Migration
		migrates   bool
		want       doctor.Status
	}{
		{nil, []database.Migration{{Name: "0001_initial", Applied: true}}, false, doctor.OK},
		{nil, []database.Migration{{Name: "0001_initial"}}, false, doctor.Failure},
		{nil, []database.Migration{{Name: "0001_initial"}}, true, doctor.Warning},
		{newer, nil, true, doctor.Failure},
	} {
		r := doctor.Report{Now: time.Now}
		ok := r.CheckDatabase(t.Context(), db, doctor.Database{
			Program: "authserver", Setting: "AUTH_DATABASE_URL", Migrates: c.migrates,
			Compatible: func(context.Context) error { return c.compatible },
			Migrations: func(context.Context) ([]database.Migration, error) { return c.steps, nil },
		})
		got := map[string]doctor.Status{}
		for _, f := range r.Findings {
			got[f.Check] = f.Status
		}
		if !ok || got["database"] != doctor.OK || got["schema"] != c.want || got["clock"] == doctor.Failure {
			t.Errorf("%+v: %+v", c, r.Findings)
		}
	}
}

// TestProxiesFitTheAddress that people use.
func TestProxiesFitTheAddress(t *testing.T) {
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, p := range list {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	for _, c := range []struct {
		public  string
		trusted []netip.Prefix
		want    doctor.Status
		says    string
	}{
		{"https://auth.example.com", nil, doctor.Failure, "AUTH_TRUSTED_PROXIES names none"},
		{"https://auth.example.com", prefixes("10.0.0.1/32"), doctor.OK, "1 networks"},
		{"http://127.0.0.1:8080", nil, doctor.OK, "without one"},
		{"https://auth.example.com", prefixes("10.0.0.1/32", "::/0"), doctor.Failure, "trusts everybody"},
	} {
		var r doctor.Report
		r.CheckProxies("AUTH_TRUSTED_PROXIES", c.public, c.trusted)
		wantFinding(t, &r, c.want, c.says)
	}
}

// TestTheIssuerSaysWhoItIs: clients refuse one that calls itself something else.
func TestTheIssuerSaysWhoItIs(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/oauth-authorization-server" || body == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	for text, c := range map[string]struct {
		want doctor.Status
		says string
	}{
		"":                                   {doctor.Failure, "404"},
		"<html>":                             {doctor.Failure, "is no metadata"},
		`{"issuer":"https://other.example"}`: {doctor.Failure, "https://other.example"},
		`{"issuer":"` + server.URL + `","protected_resources":["https://api.example"]}`: {doctor.OK, server.URL},
	} {
		body = text
		var r doctor.Report
		m := r.CheckIssuer(t.Context(), "AUTH_ISSUER", server.URL)
		wantFinding(t, &r, c.want, c.says)
		if (m != nil) != (c.want == doctor.OK) || m != nil && len(m.Resources) != 1 {
			t.Errorf("%q: %+v", text, m)
		}
	}
	server.Close()
	var r doctor.Report
	r.CheckIssuer(t.Context(), "AUTH_ISSUER", server.URL)
	wantFinding(t, &r, doctor.Failure, "Nobody answers")
}

// TestCookiesInClear are for this machine only.
func TestCookiesInClear(t *testing.T) {
	for issuer, want := range map[string]doctor.Status{
		"http://127.0.0.1:8080": doctor.OK, "http://localhost": doctor.OK, "http://[::1]:1": doctor.OK,
		"http://auth.example.com": doctor.Failure, "http://10.0.0.1": doctor.Failure,
	} {
		var r doctor.Report
		r.CheckCookies(t.Context(), issuer)
		wantFinding(t, &r, want, "in clear")
	}
}

// TestOneRedisIsShared: each service leaves word, for the other of the same issuer.
func TestOneRedisIsShared(t *testing.T) {
	store := cache.NewMemory(cache.Options{Now: time.Now})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); doctor.Announce(ctx, store, "resourceapi", "https://one.example") }()
	testenv.Eventually(t, 30*time.Second, "word is left", func() bool {
		word, _, err := store.Get(t.Context(), "running:resourceapi:https://one.example")
		return err == nil && len(word) > 0
	})
	stop()
	<-done
	for issuer, want := range map[string]doctor.Status{"https://one.example": doctor.OK, "https://two.example": doctor.Failure} {
		var r doctor.Report
		r.CheckShared(t.Context(), store, "resourceapi", issuer)
		wantFinding(t, &r, want, "resourceapi")
	}
	var r doctor.Report
	if r.CheckRedis(t.Context(), "AUTH_REDIS_URL", "", store) {
		t.Error("no Redis is a usable one")
	}
	wantFinding(t, &r, doctor.Warning, "AUTH_REDIS_URL is not set")
}
