package e2e

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// diagnosis is what `doctor --json` prints.
type diagnosis struct {
	Healthy  bool `json:"healthy"`
	Findings []struct{ Check, Status, Says string }
}

// failures are the checks that failed, with what they say.
func (d diagnosis) failures() map[string]string {
	found := map[string]string{}
	for _, f := range d.Findings {
		if f.Status == "failure" {
			found[f.Check] += f.Says
		}
	}
	return found
}

// doctor runs the command of a service with its settings, and changes on top; an
// empty value takes a setting away, that of NAME_FILE too.
func (d *deployment) doctor(service string, changes process.Env) (diagnosis, int) {
	d.t.Helper()
	env := d.env(service)
	for name, value := range changes {
		delete(env, name+"_FILE")
		if env[name] = value; value == "" {
			delete(env, name)
		}
	}
	program := map[string]string{"authserver": d.bins.Auth, "resourceapi": d.bins.API}[service]
	cmd := exec.CommandContext(d.t.Context(), program, "doctor", "--json") //nolint:gosec // our own program
	cmd.Dir = d.dir
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var said diagnosis
	if bad := json.Unmarshal(out, &said); bad != nil {
		d.t.Fatalf("%s doctor: %v, %v\n%s", service, err, bad, out)
	}
	return said, cmd.ProcessState.ExitCode()
}

// wantFailure breaks one thing, and wants it to be found, by a sentence with a part.
func (d *deployment) wantFailure(service, check, says string, changes process.Env) {
	d.t.Helper()
	said, code := d.doctor(service, changes)
	if found := said.failures(); code != 1 || said.Healthy || !strings.Contains(found[check], says) {
		d.t.Errorf("%s, %v: exit %d, %q not in %v", service, changes, code, says, found)
	}
	for _, f := range said.Findings {
		if strings.Contains(f.Says, "hush") {
			d.t.Errorf("%s tells a password: %s", service, f.Says)
		}
	}
}

func (d *deployment) wantHealthy(service string, changes process.Env) {
	d.t.Helper()
	if said, code := d.doctor(service, changes); code != 0 || !said.Healthy || len(said.Findings) < 9 {
		d.t.Errorf("%s, %v: exit %d, %+v", service, changes, code, said.Findings)
	}
}

// sql runs statements as a superuser in a database of the deployment.
func (d *deployment) sql(database string, statements ...string) {
	d.t.Helper()
	u := *d.server
	u.Path = "/" + database
	conn, err := pgx.Connect(d.t.Context(), u.String())
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close(d.t.Context()) //nolint:errcheck // every statement has been answered
	for _, s := range statements {
		if _, err := conn.Exec(d.t.Context(), s); err != nil {
			d.t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestDoctorFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	bins, err := stack.Build(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	d := newDeployment(t, bins, testenv.StartPostgres(t))
	d.createRoles()
	d.up()
	office := testenv.OpenPostOffice(t, "")
	emails := process.Env{"AUTH_SMTP_URL": "smtp://" + office.Addr, "AUTH_SMTP_FROM": "noreply@example.com"}
	d.wantHealthy("authserver", emails)
	d.wantHealthy("resourceapi", nil)
	d.breakRedis()
	d.breakSettings()
	d.breakDatabase()
	if n := len(office.Emails); n != 0 {
		t.Errorf("%d emails were sent", n)
	}
}

const nobodyAt = "127.0.0.1:1"

func (d *deployment) breakRedis() {
	other := testenv.StartRedis(d.t, "--maxmemory", "64mb", "--maxmemory-policy", "volatile-ttl")
	refuses := testenv.StartRedis(d.t, "--maxmemory", "64mb", "--maxmemory-policy", "noeviction")
	for service, setting := range map[string]string{"authserver": "AUTH_REDIS_URL", "resourceapi": "API_REDIS_URL"} {
		d.wantFailure(service, "redis", "refuses the user or the password", process.Env{setting: "redis://latchkey:hush@" + d.redis.Addr})
		d.wantFailure(service, "redis", "start it", process.Env{setting: "redis://latchkey:hush@" + nobodyAt})
		d.wantFailure(service, "redis", "volatile-ttl", process.Env{setting: refuses.URL})
		d.wantFailure(service, "shared redis", "the same server and database", process.Env{setting: other.URL})
	}
}

func (d *deployment) breakSettings() {
	env := d.env("authserver")
	issuer, err := url.Parse(env["AUTH_ISSUER"])
	if err != nil {
		d.t.Fatal(err)
	}
	another := "http://127.0.0.1:" + issuer.Port()
	for _, c := range []struct {
		service, check, says string
		changes              process.Env
	}{
		{"authserver", "settings", "AUTH_SIGNUP", process.Env{"AUTH_SIGNUP": "perhaps"}},
		{"authserver", "issuer", "calls itself " + env["AUTH_ISSUER"], process.Env{"AUTH_ISSUER": another}},
		{"authserver", "issuer", "start authserver", process.Env{"AUTH_ISSUER": "http://" + nobodyAt}},
		{"authserver", "cookies", "TLS", process.Env{"AUTH_ISSUER": "http://money.example.invalid"}},
		{"authserver", "proxies", "AUTH_TRUSTED_PROXIES names none", process.Env{"AUTH_ISSUER": "https://money.example.invalid", "AUTH_TRUSTED_PROXIES": ""}},
		{"authserver", "proxies", "trusts everybody", process.Env{"AUTH_TRUSTED_PROXIES": "0.0.0.0/0"}},
		{"authserver", "letters", "mail server", process.Env{"AUTH_SMTP_URL": "smtp://ada:hush@" + nobodyAt, "AUTH_SMTP_FROM": "noreply@example.com"}},
		{"authserver", "encryption key", "AUTH_ENCRYPTION_KEY", process.Env{"AUTH_ENCRYPTION_KEY": strings.Repeat("ab", 32)}},
		{"authserver", "erasure", "API_ERASURE_SECRET", process.Env{"AUTH_ERASURE_SECRET": strings.Repeat("x", 40)}},
		{"authserver", "erasure", "start it", process.Env{"AUTH_ERASURE_URL": "http://" + nobodyAt}},
		{"authserver", "erasure", "for ever", process.Env{"AUTH_ERASURE_URL": "", "AUTH_ERASURE_SECRET": ""}},
		{"resourceapi", "issuer", "calls itself", process.Env{"API_ISSUER": another}},
		{"resourceapi", "resource", "AUTH_API_URL and API_URL", process.Env{"API_URL": "http://localhost:9"}},
		{"resourceapi", "introspection", "401", process.Env{"API_INTROSPECTION_CLIENT_SECRET": "hush"}},
		{"resourceapi", "introspection", "--resource-server", process.Env{"API_INTROSPECTION_CLIENT_ID": "", "API_INTROSPECTION_CLIENT_SECRET": ""}},
		{"resourceapi", "proxies", "API_TRUSTED_PROXIES", process.Env{"API_URL": "https://money.example.invalid", "API_TRUSTED_PROXIES": ""}},
		{"resourceapi", "erasure", "API_ERASURE_SECRET", process.Env{"API_ERASURE_SECRET": ""}},
	} {
		d.wantFailure(c.service, c.check, c.says, c.changes)
	}
}

func (d *deployment) breakDatabase() {
	superuser := *d.server
	superuser.Path = "/" + d.name + "_api"
	d.wantFailure("resourceapi", "role", "row security does not bind", process.Env{"API_DATABASE_URL": superuser.String()})
	for service, setting := range map[string]string{"authserver": "AUTH_DATABASE_URL", "resourceapi": "API_DATABASE_URL"} {
		d.wantFailure(service, "database", setting, process.Env{setting: "postgres://ada:hush@" + nobodyAt + "/x?sslmode=disable"})
		d.wantFailure(service, "database", "no SQLite file", process.Env{setting: "sqlite:nowhere/x.db"})
		if entries, err := os.ReadDir(d.dir); err != nil || slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "nowhere" }) {
			d.t.Errorf("%s doctor makes a database: %v", service, err)
		}
	}
	for service, role := range map[string]string{"authserver": d.name + "_auth", "resourceapi": d.name + "_api"} {
		database := d.name + map[string]string{"authserver": "_auth", "resourceapi": "_api"}[service]
		d.sql(database, "UPDATE schema_compatibility SET number = number + 1")
		d.wantFailure(service, "schema", "newer than this program", nil)
		d.sql(database, "UPDATE schema_compatibility SET number = number - 1",
			"DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
		d.wantFailure(service, "schema", service+" migrate up", process.Env{"AUTH_MIGRATE": "false"})
		// A clock that is behind: the one that this role sees.
		d.sql(database, "CREATE SCHEMA shifted", "GRANT USAGE ON SCHEMA shifted TO "+role,
			"CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() - interval ''5 seconds'''",
			"ALTER ROLE "+role+" SET search_path = shifted, pg_catalog, public")
		d.wantFailure(service, "clock", "NTP", nil)
		d.sql(database, "ALTER ROLE "+role+" SET default_transaction_read_only = on")
		d.wantFailure(service, "database", "takes no writes", nil)
	}
}

// TestDoctorOfTheEmbeddedEngines knows that one process stands on nothing else, and
// prints a table.
func TestDoctorOfTheEmbeddedEngines(t *testing.T) {
	t.Parallel()
	w := startWorld(t, testenv.Embedded, stack.Setup{})
	out, err := w.CLI(t.Context(), "doctor")
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]string{}
	for line := range strings.Lines(string(out)) {
		status, rest, _ := strings.Cut(line, "  ")
		check, _, _ := strings.Cut(strings.TrimSpace(rest), "  ")
		checks[check] = strings.TrimSpace(status)
	}
	want := map[string]string{
		"settings": "ok", "database": "ok", "schema": "ok", "clock": "ok", "role": "ok", "encryption key": "ok", "redis": "warning",
		"issuer": "ok", "cookies": "ok", "face": "ok", "letters": "warning", "proxies": "ok", "erasure": "ok",
	}
	if !maps.Equal(checks, want) {
		t.Errorf("%v\n%s", checks, out)
	}
}
