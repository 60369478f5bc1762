package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	compose "github.com/compose-spec/compose-go/v2/types"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

var ourServices = []string{"authserver", "authserver-migrate", "resourceapi", "resourceapi-migrate"}

func composeFile(t *testing.T) *compose.Project {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	opts, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithWorkingDirectory(root))
	if err != nil {
		t.Fatal(err)
	}
	project, err := opts.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeFilePublishesAndTrustsLittle(t *testing.T) {
	project := composeFile(t)
	var published []string
	for name, s := range project.Services {
		for _, p := range s.Ports {
			published = append(published, p.Published)
		}
		oneShot := strings.HasSuffix(name, "-migrate")
		if !oneShot && s.HealthCheck == nil {
			t.Errorf("%s has no health check", name)
		}
		if s.Privileged {
			t.Errorf("%s is privileged", name)
		}
		if slices.Contains(ourServices, name) {
			if !s.ReadOnly || s.User == "" || strings.HasPrefix(s.User, "0") || !slices.Equal(s.CapDrop, []string{"ALL"}) {
				t.Errorf("%s is not hardened: read-only %v, user %q, drops %v", name, s.ReadOnly, s.User, s.CapDrop)
			}
			if s.Build == nil || !strings.HasPrefix(s.Build.Dockerfile, "deploy/") {
				t.Errorf("%s is not built from deploy/", name)
			}
		}
		for key, value := range s.Environment {
			if value != nil && !strings.HasSuffix(key, "_FILE") && (strings.Contains(key, "SECRET") && *value != "" || strings.Contains(*value, "postgres://")) {
				t.Errorf("%s: %s is a secret in the environment", name, key)
			}
		}
	}
	slices.Sort(published)
	if !slices.Equal(published, []string{"8080", "8081"}) {
		t.Errorf("published ports: %v", published)
	}
	if len(project.Volumes) != 2 {
		t.Errorf("named volumes: %v", project.VolumeNames())
	}
	for name, s := range project.Secrets {
		if s.File == "" {
			t.Errorf("the secret %s does not come from a file", name)
		}
	}
}

// TestComposeEnvironmentRuns starts the same programs with the environment the
// compose file gives them, on local engines: addresses are rewritten, nothing
// else is.
func TestComposeEnvironmentRuns(t *testing.T) {
	testenv.Production.Need(t)
	if _, err := exec.LookPath("psql"); err != nil && !testenv.RequireEngines() {
		t.Skip("psql sets the roles up, and is not here")
	}
	bins, err := stack.Build(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{t: t, project: composeFile(t), bins: bins, dir: t.TempDir(), redis: testenv.Redis(t)}
	d.addresses()
	d.secrets()
	d.createRoles()

	d.oneShot("authserver-migrate", bins.Auth)
	d.oneShot("resourceapi-migrate", bins.API)
	d.start("authserver", bins.Auth)
	d.start("resourceapi", bins.API)

	out, err := process.Run(t.Context(), bins.Auth, d.dir, d.env("authserver"), "client", "create",
		"--name", "App", "--public", "--redirect-uri", loopbackCallback, "--scope", "read", "--json")
	if err != nil {
		t.Fatal(err)
	}
	made := &actor.Answer{Body: out}
	issuer, api := d.env("authserver")["AUTH_ISSUER"], d.env("resourceapi")["API_URL"]
	app := &actor.App{Issuer: issuer, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: loopbackCallback}
	person := actor.NewPerson(issuer)
	if _, err := person.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	pair, err := Authorize(t.Context(), app, person, "read")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := app.Call(t.Context(), http.MethodGet, api+accounts, pair.Access, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, answer, http.StatusOK)
}

// deployment stands in for the container engine.
type deployment struct {
	t       *testing.T
	project *compose.Project
	bins    stack.Binaries
	dir     string
	name    string // prefix of roles and databases, which a server has only once
	redis   string
	rewrite *strings.Replacer
}

// addresses chooses where things are instead of in the containers' networks.
func (d *deployment) addresses() {
	d.name = "latchkey_" + strings.ToLower(rand.Text()[:12])
	server, err := url.Parse(testenv.NeedPostgres(d.t))
	if err != nil {
		d.t.Fatal(err)
	}
	var free [4]string
	for i := range free {
		if free[i], err = process.FreeAddr(); err != nil {
			d.t.Fatal(err)
		}
	}
	port := func(addr string) string { return addr[strings.LastIndex(addr, ":"):] }
	d.rewrite = strings.NewReplacer(
		"/run/secrets/", filepath.Join(d.dir, "secrets")+"/",
		"redis://redis:6379", d.redis,
		"0.0.0.0:8080", free[0], "0.0.0.0:8090", free[1], "0.0.0.0:8081", free[2], "0.0.0.0:8091", free[3],
		"//authserver:8080", "//"+free[0], "//resourceapi:8081", "//"+free[2],
		"localhost:8080", "localhost"+port(free[0]), "localhost:8081", "localhost"+port(free[2]),
		"@postgres:5432/latchkey_", "@"+server.Host+"/"+d.name+"_", "//latchkey_", "//"+d.name+"_",
	)
}

// secrets makes them as `make up` does, and moves the databases.
func (d *deployment) secrets() {
	root, err := stack.Root()
	if err != nil {
		d.t.Fatal(err)
	}
	dir := filepath.Join(d.dir, "secrets")
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(root, "deploy", "secrets.sh"), dir)
	cmd.Env = append(os.Environ(), "AUTHSERVER="+d.bins.Auth)
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
}

// createRoles runs the script the postgres image runs.
func (d *deployment) createRoles() {
	server, err := url.Parse(testenv.NeedPostgres(d.t))
	if err != nil {
		d.t.Fatal(err)
	}
	root, err := stack.Root()
	if err != nil {
		d.t.Fatal(err)
	}
	password, _ := server.User.Password()
	environ := append(os.Environ(), "POSTGRES_USER="+server.User.Username(), "PGPASSWORD="+password,
		"PGHOST="+server.Hostname(), "PGPORT="+server.Port(), "NAME="+d.name, "SECRETS="+filepath.Join(d.dir, "secrets"))
	d.t.Cleanup(func() {
		drop := fmt.Sprintf(`DROP DATABASE IF EXISTS %[1]s_auth WITH (FORCE); DROP DATABASE IF EXISTS %[1]s_api WITH (FORCE);
			DROP ROLE IF EXISTS %[1]s_auth; DROP ROLE IF EXISTS %[1]s_api; DROP ROLE IF EXISTS %[1]s_api_owner;`, d.name)
		cmd := exec.CommandContext(context.Background(), "psql", "--quiet", "--username", server.User.Username(), "--dbname", "postgres")
		cmd.Env, cmd.Stdin = environ, strings.NewReader(drop)
		if out, err := cmd.CombinedOutput(); err != nil {
			d.t.Errorf("drop the roles: %v\n%s", err, out)
		}
	})
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(root, "deploy", "postgres", "init.sh"))
	cmd.Env, cmd.Stdin = environ, io.Reader(nil)
	if out, err := cmd.CombinedOutput(); err != nil {
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

func (d *deployment) start(service, program string) {
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
		if err := p.Stop(); err != nil {
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
}
