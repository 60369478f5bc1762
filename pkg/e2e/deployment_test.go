package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/types"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// deployment stands in for the container engine.
type deployment struct {
	t       *testing.T
	project *compose.Project
	bins    stack.Binaries
	dir     string
	name    string   // prefix of roles and databases, which a server has only once
	server  *url.URL // of PostgreSQL, as a superuser
	redis   *testenv.RedisServer
	rewrite *strings.Replacer
}

// newDeployment chooses where things are instead of in the containers' networks, on
// a PostgreSQL and a Redis with the users of the compose file, and makes the secrets.
func newDeployment(t *testing.T, bins stack.Binaries, postgres string) *deployment {
	t.Helper()
	server, err := url.Parse(postgres)
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{
		t: t, bins: bins, dir: t.TempDir(), redis: testenv.StartRedis(t), server: server,
		name:    "latchkey_" + strings.ToLower(rand.Text()[:12]),
		project: composeFile(t, "AUTH_ISSUER=http://localhost:8080\nAPI_ISSUER=http://localhost:8080\nAUTH_API_URL=http://localhost:8081\nAPI_URL=http://localhost:8081\n"),
	}
	var free [4]string
	for i := range free {
		if free[i], err = process.FreeAddr(); err != nil {
			t.Fatal(err)
		}
	}
	port := func(addr string) string { return addr[strings.LastIndex(addr, ":"):] }
	d.rewrite = strings.NewReplacer(
		"/run/secrets/", filepath.Join(d.dir, "secrets")+"/",
		"0.0.0.0:8080", free[0], "0.0.0.0:8090", free[1], "0.0.0.0:8081", free[2], "0.0.0.0:8091", free[3],
		"//authserver:8080", "//"+free[0], "//resourceapi:8081", "//"+free[2],
		"localhost:8080", "localhost"+port(free[0]), "localhost:8081", "localhost"+port(free[2]),
		"/latchkey_auth?", "/"+d.name+"_auth?", "/latchkey_api?", "/"+d.name+"_api?", "postgres://latchkey_", "postgres://"+d.name+"_",
	)
	d.secrets()
	return d
}

// secrets makes them as `make up` does, and names the databases and the user of
// Redis.
func (d *deployment) secrets() {
	root, err := stack.Root()
	if err != nil {
		d.t.Fatal(err)
	}
	dir := filepath.Join(d.dir, "secrets")
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(root, "deploy", "secrets.sh"), dir)
	cmd.Env = append(os.Environ(), "AUTHSERVER="+d.bins.Auth, "POSTGRES="+d.server.Host, "REDIS="+d.redis.Addr)
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("secrets.sh: %v\n%s", err, out)
	}
	for _, name := range []string{"auth_database_url", "api_database_url", "api_owner_database_url"} {
		file := filepath.Join(dir, name)
		raw, err := os.ReadFile(file)
		if err != nil {
			d.t.Fatal(err)
		}
		if err := os.Remove(file); err != nil { // it is read-only
			d.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(d.rewrite.Replace(string(raw))), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	users, err := os.ReadFile(filepath.Join(dir, "redis_acl"))
	if err != nil {
		d.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(users)), "\n")
	slices.Reverse(lines) // the default user, who makes them, goes last
	for _, line := range lines {
		command := []any{"ACL", "SETUSER"}
		for _, word := range strings.Fields(line)[1:] {
			command = append(command, word)
		}
		d.redis.Do(command...)
	}
}

// script runs a script of deploy/postgres as a superuser of the server would.
func (d *deployment) script(name string, args ...string) (string, error) {
	d.t.Helper()
	root, err := stack.Root()
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(root, "deploy", "postgres", name), args...)
	cmd.Env = d.psqlEnv()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *deployment) psqlEnv() []string {
	password, _ := d.server.User.Password()
	return append(os.Environ(), "POSTGRES_USER="+d.server.User.Username(), "PGPASSWORD="+password,
		"PGHOST="+d.server.Hostname(), "PGPORT="+d.server.Port(), "NAME="+d.name, "SECRETS="+filepath.Join(d.dir, "secrets"))
}

// up prepares both services and starts them, until stop or the end of the test.
func (d *deployment) up() (stop func()) {
	d.t.Helper()
	d.oneShot("authserver-migrate", d.bins.Auth)
	d.oneShot("resourceapi-migrate", d.bins.API)
	auth, api := d.start("authserver", d.bins.Auth), d.start("resourceapi", d.bins.API)
	return func() { _, _ = auth.Stop(), api.Stop() } // their errors are told at the end of the test
}

// createRoles runs the script the postgres image runs.
func (d *deployment) createRoles() {
	d.t.Helper()
	user, environ := d.server.User.Username(), d.psqlEnv()
	d.t.Cleanup(func() {
		drop := fmt.Sprintf(`DROP DATABASE IF EXISTS %[1]s_auth WITH (FORCE); DROP DATABASE IF EXISTS %[1]s_api WITH (FORCE);
			DROP ROLE IF EXISTS %[1]s_auth, %[1]s_api, %[1]s_api_owner, %[1]s_backup;`, d.name)
		cmd := exec.CommandContext(context.Background(), "psql", "--quiet", "--username", user, "--dbname", "postgres")
		cmd.Env, cmd.Stdin = environ, strings.NewReader(drop)
		if out, err := cmd.CombinedOutput(); err != nil {
			d.t.Errorf("drop the roles: %v\n%s", err, out)
		}
	})
	if out, err := d.script("init.sh"); err != nil {
		d.t.Fatalf("init.sh: %v\n%s", err, out)
	}
}

// env is what the compose file gives a service, with addresses rewritten.
func (d *deployment) env(service string) process.Env {
	env := process.Env{}
	for k, v := range d.project.Services[service].Environment {
		if v != nil {
			env[k] = d.rewrite.Replace(*v)
		}
	}
	return env
}

func (d *deployment) oneShot(service, program string) {
	d.t.Helper()
	if _, err := process.Run(d.t.Context(), program, d.dir, d.env(service), d.project.Services[service].Command...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) start(service, program string) *process.Process {
	d.t.Helper()
	env := d.env(service)
	ops := env["AUTH_OPS_ADDR"] + env["API_OPS_ADDR"] // a service has one of them
	p, err := process.Start(d.t.Context(), service, program, "", ops, d.dir, env, d.project.Services[service].Command...)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("%s:\n%s", service, tail(p.Log()))
		}
		if err := p.Stop(); err != nil { // again, where it has ended
			d.t.Errorf("%s: %v", service, err)
		}
	})
	health := d.project.Services[service].HealthCheck.Test
	if len(health) != 3 || health[0] != "CMD" || health[1] != "/"+service {
		d.t.Fatalf("%s: health check %v", service, health)
	}
	if _, err := process.Run(d.t.Context(), program, d.dir, env, health[2:]...); err != nil {
		d.t.Errorf("%s: %v", service, err)
	}
	return p
}
