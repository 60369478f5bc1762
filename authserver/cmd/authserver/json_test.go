package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

func TestClientCommands(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		shape := []string{"client_id", "client_name", "created_at", "redirect_uris", "refresh_overlap", "resource_server", "scope", "token_endpoint_auth_method"}
		withSecret := slices.Sorted(slices.Values(append([]string{"client_secret"}, shape...)))

		made := s.ok("client", "create", "--name", "Budget", "--redirect-uri", "https://app.example/cb", "--redirect-uri", "com.example.app:/cb", "--scope", "read")
		wantMembers(t, made, withSecret...)
		c := made.(map[string]any)
		if _, err := secret.Parse(secret.ClientSecret, c["client_secret"].(string)); err != nil {
			t.Error("the secret is none of ours")
		}
		if diff := cmp.Diff([]any{"https://app.example/cb", "com.example.app:/cb"}, c["redirect_uris"]); diff != "" || c["scope"] != "read" ||
			c["token_endpoint_auth_method"] != "client_secret_basic" {
			t.Errorf("%v\n%s", c, diff)
		}
		id := c["client_id"].(string)
		wantMembers(t, s.ok("client", "show", id), shape...)
		wantMembers(t, s.ok("client", "create", "--name", "App", "--public", "--redirect-uri", "http://127.0.0.1/cb"), shape...)

		rotated := s.ok("client", "rotate-secret", id, "--overlap", "1h")
		wantMembers(t, rotated, withSecret...)
		if rotated.(map[string]any)["client_secret"] == c["client_secret"] {
			t.Error("the secret is the same")
		}
		api := s.ok("client", "create", "--name", "API", "--resource-server", "--id", "resource-api").(map[string]any)
		if api["client_id"] != "resource-api" || api["resource_server"] != true || api["redirect_uris"] == nil {
			t.Errorf("%v", api)
		}
		for _, v := range s.ok("client", "list").([]any) {
			wantMembers(t, v, shape...)
		}
		wantMembers(t, s.ok("client", "delete", id), "client_id", "deleted")
		if out := s.run("client", "show", id); out.code != 1 {
			t.Errorf("a deleted client is shown: %s", out.stdout)
		}
		if out := s.run("client", "create", "--name", "App", "--redirect-uri", "https://app.example/"); out.code != 0 || !strings.Contains(out.stdout, "shown this once") {
			t.Errorf("exit %d: %s %s", out.code, out.stdout, out.stderr)
		}
	})
}

func TestInviteAndUserCommands(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		made := s.ok("invite", "create", "--email", "Ada@Example.com", "--note", "friend", "--expires-in", "72h")
		wantMembers(t, made, "code", "created_at", "email", "expires_at", "id", "note", "state", "used_at")
		invite := made.(map[string]any)
		if _, err := secret.Parse(secret.InviteCode, invite["code"].(string)); err != nil || invite["state"] != "open" || invite["email"] != "ada@example.com" {
			t.Errorf("%v", invite)
		}
		listed := s.ok("invite", "list").([]any)
		if len(listed) != 1 {
			t.Fatalf("%v", listed)
		}
		wantMembers(t, listed[0], "created_at", "email", "expires_at", "id", "note", "state", "used_at")
		wantMembers(t, s.ok("invite", "revoke", invite["id"].(string)), "id", "state")
		if out := s.run("invite", "revoke", invite["id"].(string)); out.code != 1 {
			t.Errorf("revoked twice: exit %d", out.code)
		}

		if users := s.ok("user", "list").([]any); len(users) != 0 {
			t.Errorf("nobody has signed up: %v", users)
		}
		u := s.person("ada@example.com")
		shape := []string{"created_at", "deactivated_at", "email", "email_confirmed", "family_id", "id", "operator", "role", "second_factor"}
		wantMembers(t, s.ok("user", "list").([]any)[0], shape...)
		link := s.ok("user", "reset-link", "ADA@example.com").(map[string]any)
		if !strings.HasPrefix(link["url"].(string), "http://127.0.0.1:8080/") || link["expires_in"].(float64) <= 0 {
			t.Errorf("%v", link)
		}
		for _, step := range []struct{ command, name, state string }{
			{"sign-out", "ada@example.com", "signed out"},
			{"appoint", "ada@example.com", "appointed"},
			{"dismiss", u.ID, "dismissed"},
			{"deactivate", "ada@example.com", "deactivated"},
			{"reactivate", u.ID, "reactivated"},
			{"delete", " ADA@example.com", "deleted"},
		} {
			done := s.ok("user", step.command, step.name)
			wantMembers(t, done, "id", "state")
			if got := done.(map[string]any); got["id"] != u.ID || got["state"] != step.state {
				t.Errorf("%s: %v", step.command, got)
			}
		}
		if out := s.run("user", "reactivate", u.ID); out.code != 1 {
			t.Errorf("a deleted user came back: %s", out.stdout)
		}
	})
}

// person stores a user, as sign-up would.
func (s *shell) person(email string) authserver.User {
	s.t.Helper()
	db, err := database.Open(s.t.Context(), s.url, database.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over with it
	u := authserver.User{ID: uuid.NewString(), FamilyID: uuid.NewString(), Role: authserver.RoleAdmin, Email: email, UILayout: "dashboard", CreatedAt: now()}
	st := store.New(db)
	family := authserver.Family{ID: u.FamilyID, Name: "Family", CreatedAt: u.CreatedAt}
	if err := errors.Join(st.CreateFamily(s.t.Context(), family), st.CreateUser(s.t.Context(), &u)); err != nil {
		s.t.Fatal(err)
	}
	return u
}

func TestOtherCommands(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		for _, command := range []string{"status", "up", "status"} {
			steps := s.ok("migrate", command).([]any)
			if len(steps) == 0 {
				t.Fatalf("migrate %s: %v", command, steps)
			}
			for _, step := range steps {
				wantMembers(t, step, "applied", "name", "version")
			}
		}
		s.env = []string{"AUTH_MIGRATE=false"}
		if out := s.run("client", "list"); out.code != 0 {
			t.Errorf("exit %d: %s", out.code, out.stderr)
		}
		s.env = nil
		made := s.ok("secret").(map[string]any)
		if _, err := secret.Parse(secret.ClientSecret, made["client_secret"].(string)); err != nil {
			t.Errorf("%v", err)
		}
		key := s.ok("encryption-key", "new").(map[string]any)["key"].(string)
		s.env = []string{"AUTH_ENCRYPTION_KEY=" + key}
		wantMembers(t, s.ok("encryption-key", "rotate"), "encrypted_anew")
		if out := s.run("version"); out.code != 0 || strings.TrimSpace(out.stdout) == "" {
			t.Errorf("version: %d %q", out.code, out.stdout)
		}
	})
}

// The deployment's resource server is made to exist by whatever command comes
// first, and its secret never appears.
func TestResourceServerOfTheDeployment(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	made := secret.New(secret.ClientSecret).Reveal()
	file := filepath.Join(s.dir, "secret")
	if err := os.WriteFile(file, []byte(made+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.env = []string{"AUTH_RESOURCE_SERVER_CLIENT_ID=resource-api", "AUTH_RESOURCE_SERVER_CLIENT_SECRET_FILE=" + file}
	out := s.run("client", "show", "resource-api")
	if out.code != 0 || !strings.Contains(out.stdout, "may introspect") || strings.Contains(out.stdout+out.stderr, made) {
		t.Errorf("exit %d: %s %s", out.code, out.stdout, out.stderr)
	}
	s.env = []string{"AUTH_RESOURCE_SERVER_CLIENT_ID=resource-api", "AUTH_RESOURCE_SERVER_CLIENT_SECRET=chosen"}
	if out = s.run("client", "list"); out.code != 1 || !strings.Contains(out.stderr, "AUTH_RESOURCE_SERVER_CLIENT_ID") {
		t.Errorf("a chosen secret: exit %d: %s", out.code, out.stderr)
	}
	if created := now(); created.Location() != time.UTC || created.Nanosecond()%1000 != 0 {
		t.Errorf("%v is not in the tables' precision", created)
	}
}

// With AUTH_MIGRATE off nothing works on a schema that it was not written for,
// and what is no schema is still brought up to date.
func TestWithoutMigrationsNothingStarts(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		s.env = []string{"AUTH_MIGRATE=false", "AUTH_ADDR=127.0.0.1:0", "AUTH_OPS_ADDR=127.0.0.1:0"}
		for _, args := range [][]string{{"serve"}, {"client", "list"}} {
			if out := s.run(args...); out.code != 1 || !strings.Contains(out.stderr, "0001_initial.sql") || !strings.Contains(out.stderr, "migrate up") {
				t.Errorf("%v: exit %d: %s", args, out.code, out.stderr)
			}
		}
		s.ok("migrate", "up")
		made := secret.New(secret.ClientSecret).Reveal()
		s.env = append(s.env, "AUTH_RESOURCE_SERVER_CLIENT_ID=api", "AUTH_RESOURCE_SERVER_CLIENT_SECRET="+made)
		wantMembers(t, s.ok("client", "show", "api"), "client_id", "client_name", "created_at", "redirect_uris", "refresh_overlap", "resource_server", "scope", "token_endpoint_auth_method")
	})
}
