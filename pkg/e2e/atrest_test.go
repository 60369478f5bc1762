package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestS43_T17_NothingSecretAtRest runs everything that hands out a secret and
// then searches both databases, Redis, the logs and the data folder for each.
func TestS43_T17_NothingSecretAtRest(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		secrets := map[string]string{"resource server's secret": w.ResourceServer.Secret}
		app := w.confidential()
		secrets["client secret"] = app.Client.Secret
		p := w.person()
		secrets["password"] = p.Password
		for _, c := range p.Browser.Cookies() {
			secrets["cookie "+c.Name] = c.Value
		}
		code, pkce := w.code(p, app, "read_write")
		secrets["code"], secrets["verifier"] = code, pkce.Verifier
		pair, err := pairOf(w.exchange(app, code, pkce.Verifier))
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range 3 {
			secrets[fmt.Sprint("access token ", i)], secrets[fmt.Sprint("refresh token ", i)] = pair.Access, pair.Refresh
			wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
			w.active(pair.Access)
			pair = w.refreshed(app, pair.Refresh)
		}
		w.refresh(app, secrets["refresh token 1"]) // reuse, which ends the grant
		unused, _ := w.code(p, app, "read")
		secrets["unused code"] = unused
		own, err := pairOf(w.login(p, "phone-1"))
		if err != nil {
			w.t.Fatal(err)
		}
		secrets["login's access token"], secrets["login's refresh token"] = own.Access, own.Refresh
		k := &keeper{world: w, person: p, token: own.Access}
		key := k.newKey("Backend", "read", "web", nil)
		next := k.read(k.manage(http.MethodPost, apiKeys+"/"+key.ID+"/rotate", members{}), http.StatusCreated)
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, next.Key, nil), http.StatusOK)
		secrets["API key"], secrets["rotated API key"] = key.Key, next.Key
		w.leakOnErrors(app, secrets)

		where := map[string]string{"logs": w.Logs(), "auth database": w.dump(w.AuthDB), "API database": w.dump(w.APIDB)}
		if w.Redis != "" {
			where["Redis"] = testenv.DumpRedis(w.t, w.Redis)
		}
		for place, content := range where {
			if len(content) < 100 {
				w.t.Errorf("%s: the dump is empty, the search proves nothing", place)
			}
			for what, value := range secrets {
				for form, text := range spellings(value) {
					if strings.Contains(content, text) {
						w.t.Errorf("%s holds the %s (%s)", place, what, form)
					}
				}
			}
		}
		if strings.Contains(w.Logs(), p.Email) {
			w.t.Error("a log holds an email address")
		}
	})
}

// leakOnErrors sends each secret where it does not belong.
func (w *world) leakOnErrors(app *actor.App, secrets map[string]string) {
	for _, value := range secrets {
		w.form(app, "/oauth/token", url.Values{"grant_type": {value}, "code": {value}})
		w.call(http.MethodGet, accounts+"?access_token="+url.QueryEscape(value), value, nil)
		w.send(http.MethodGet, w.Auth.URL+"/oauth/token?refresh_token="+url.QueryEscape(value), nil, "")
		w.browse("/oauth/authorize?client_id=" + url.QueryEscape(value) + "&code=" + url.QueryEscape(value))
		w.send(http.MethodPost, w.Auth.URL+"/oauth/token", http.Header{"Authorization": {"Bearer " + value}}, value)
	}
}

// spellings are the ways a secret could have been written down.
func spellings(value string) map[string]string {
	all := map[string]string{
		"in the clear": value, "as hex": hex.EncodeToString([]byte(value)), "as base64": base64.StdEncoding.EncodeToString([]byte(value)),
	}
	if len(value) > 40 { // the random half alone would do as well
		all["without its prefix"] = value[4:]
	}
	return all
}

// dump returns a whole database as text.
func (w *world) dump(dbURL string) string {
	w.t.Helper()
	if path, ok := strings.CutPrefix(dbURL, "sqlite:"); ok {
		var all strings.Builder
		files, err := filepath.Glob(path + "*") // the write-ahead log too
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				w.t.Fatal(err)
			}
			all.Write(raw)
		}
		return all.String()
	}
	return dumpPostgres(w.t, dbURL)
}

func dumpPostgres(t *testing.T, dbURL string) string {
	t.Helper()
	db := openDB(t, dbURL)
	tables, err := db.Query(t.Context(), "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for tables.Next() {
		var name string
		if err := tables.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := tables.Close(); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		var rows string
		if err := db.QueryRow(t.Context(), "SELECT COALESCE(string_agg(x::text, E'\\n'), '') FROM "+name+" x").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		all.WriteString(name + "\n" + rows + "\n")
	}
	return all.String()
}
