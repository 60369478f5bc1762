package e2e

import (
	"net/http"
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

// composeFile reads the compose file with every profile, as it is with dotEnv beside.
func composeFile(t *testing.T, dotEnv string) *compose.Project {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(dotEnv), 0o600); err != nil {
		t.Fatal(err)
	}
	opts, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")},
		cli.WithWorkingDirectory(folder), cli.WithProfiles([]string{"*"}), cli.WithEnvFiles(filepath.Join(folder, ".env")), cli.WithDotEnv)
	if err != nil {
		t.Fatal(err)
	}
	project, err := opts.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestD9_ComposeFilePublishesAndTrustsLittle(t *testing.T) {
	project := composeFile(t, "")
	for name, s := range project.Services {
		var published []string
		for _, p := range s.Ports {
			published = append(published, p.HostIP+":"+p.Published)
		}
		slices.Sort(published)
		want := map[string][]string{
			"authserver": {"127.0.0.1:8080", "127.0.0.1:8090"}, "resourceapi": {"127.0.0.1:8081", "127.0.0.1:8091"},
			"caddy": {":443", ":443", ":80"}, // the one that is for everybody
		}[name]
		if !slices.Equal(published, want) {
			t.Errorf("%s publishes %v", name, published)
		}
		if !strings.HasSuffix(name, "-migrate") && s.HealthCheck == nil {
			t.Errorf("%s has no health check", name)
		}
		closed := s.ReadOnly && slices.Equal(s.CapDrop, []string{"ALL"}) && slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"})
		if s.Privileged || !closed {
			t.Errorf("%s may too much: read-only %v, drops %v, %v", name, s.ReadOnly, s.CapDrop, s.SecurityOpt)
		}
		if root := s.User == "" || strings.HasPrefix(s.User, "0"); root != (name == "caddy") {
			t.Errorf("%s runs as %q", name, s.User)
		}
		if s.MemLimit == 0 || s.CPUS == 0 || s.PidsLimit == 0 || s.Ulimits["nofile"] == nil {
			t.Errorf("%s has no limits: %d bytes, %v cpus, %d processes, %v", name, s.MemLimit, s.CPUS, s.PidsLimit, s.Ulimits)
		}
		if slices.Contains(ourServices, name) && (s.Build == nil || !strings.HasPrefix(s.Build.Dockerfile, "deploy/")) {
			t.Errorf("%s is not built from deploy/", name)
		}
		for key, value := range s.Environment {
			if value != nil && !strings.HasSuffix(key, "_FILE") && (strings.Contains(key, "SECRET") && *value != "" || strings.Contains(*value, "postgres://")) {
				t.Errorf("%s: %s is a secret in the environment", name, key)
			}
		}
	}
	if redis := project.Services["redis"]; len(redis.Volumes) > 0 || !slices.Contains(redis.Command, "--aclfile") {
		t.Errorf("redis keeps what it has, or asks for no password: %v %v", redis.Volumes, redis.Command)
	}
	for name, s := range project.Secrets {
		if s.File == "" {
			t.Errorf("the secret %s does not come from a file", name)
		}
	}
}

// TestD9_ComposePassesEverySettingOn from the file beside it to both services and
// what prepares them, but for what the compose file says itself.
func TestD9_ComposePassesEverySettingOn(t *testing.T) {
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(root, "deploy", "env.example"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(example), "\nAUTH_SIGNUP=open\n", "\nAUTH_SIGNUP=invite\nAUTH_SSO_WORK_ISSUER=https://id.example.com\n")
	project := composeFile(t, text)
	for _, name := range ourServices {
		env := project.Services[name].Environment
		for setting, want := range map[string]string{
			"AUTH_SIGNUP": "invite", "AUTH_SSO_WORK_ISSUER": "https://id.example.com", "API_DEFAULT_CURRENCY": "USD",
		} {
			if got := env[setting]; got == nil || *got != want {
				t.Errorf("%s: %s is not passed on", name, setting)
			}
		}
		for setting, value := range env { // what is set in both ways would be refused
			bare, isFile := strings.CutSuffix(setting, "_FILE")
			if plain := env[bare]; isFile && value != nil && plain != nil && *plain != "" {
				t.Errorf("%s: %s and %s", name, setting, bare)
			}
		}
	}
	for setting, service := range map[string]string{"AUTH_TRUSTED_PROXIES": "authserver", "API_TRUSTED_PROXIES": "resourceapi"} {
		mine := composeFile(t, setting+"=192.0.2.1\n").Services[service].Environment[setting]
		if ours := project.Services[service].Environment[setting]; *ours != "172.29.8.0/28" || *mine != "192.0.2.1" {
			t.Errorf("%s is %s, and %s when set", setting, *ours, *mine)
		}
	}
}

// TestD9_ImagesByDigest: a line of .env names an engine's image.
func TestD9_ImagesByDigest(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("ab", 32)
	plain := composeFile(t, "")
	pinned := composeFile(t, "POSTGRES_IMAGE=postgres:17-alpine"+digest+"\nREDIS_IMAGE=redis:7-alpine"+digest+"\nCADDY_IMAGE=caddy:2-alpine"+digest+"\n")
	others := 0
	for name, s := range plain.Services {
		if slices.Contains(ourServices, name) {
			continue
		}
		others++
		if _, version, ok := strings.Cut(s.Image, ":"); !ok || version == "latest" || pinned.Services[name].Image != s.Image+digest {
			t.Errorf("%s: %s, and with a digest %s", name, s.Image, pinned.Services[name].Image)
		}
	}
	if others < 4 {
		t.Errorf("%d services with images of others", others)
	}
}

// TestComposeEnvironmentRuns starts the same programs with the environment the
// compose file gives them, on local engines: addresses are rewritten, nothing
// else is.
func TestComposeEnvironmentRuns(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	if _, err := exec.LookPath("psql"); err != nil && !testenv.RequireEngines() {
		t.Skip("psql sets the roles up, and is not here")
	}
	bins, err := stack.Build(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	d := newDeployment(t, bins, testenv.NeedPostgres(t))
	d.createRoles()
	d.up()

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
