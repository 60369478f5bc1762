package e2e

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// developedWith registers an application on p's own pages, whose secret is shown once.
func (w *world) developedWith(p *actor.Person, method string) *actor.App {
	w.t.Helper()
	page := w.answer(p.Browser, "/settings/developer/new", map[string]string{
		"name": "Budget Buddy", "redirect_uris": webCallback, "auth_method": method, "scopes": "read read_write",
	})
	one := regexp.MustCompile(`/settings/developer/([0-9a-f-]{36})`).FindStringSubmatch(page.URL.Path + page.Body)
	if one == nil {
		w.t.Fatalf("registering an application: %d %s", page.Status, page.Text())
	}
	return &actor.App{
		Issuer: w.Auth.URL, RedirectURI: webCallback,
		Client: actor.Credential{ID: one[1], Secret: regexp.MustCompile(`ocs_[0-9A-Za-z]{49}`).FindString(page.Body)},
	}
}

func developerPage(app *actor.App) string { return "/settings/developer/" + app.Client.ID }

// What a developer did wrong is said on the application's page, in words and without
// anything secret; to nobody else, and nobody else's list is touched.
func TestE8_DevelopersSeeWhatWentWrong(t *testing.T) {
	eachWorld(t, func(w *world) {
		p, other := w.person(), w.person()
		app, foreign := w.developedWith(p, "client_secret_basic"), w.developedWith(other, "none")
		if page := w.page(p, developerPage(app)); !strings.Contains(page.Text(), "No request from this application was refused recently.") {
			w.t.Errorf("at first: %s", page.Text())
		}
		wrong := *app
		wrong.RedirectURI = "https://user:hunter2@elsewhere.example/cb?token=hunter3"
		w.browse(wrong.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", url.Values{"code_challenge": nil}))
		code, _ := w.code(p, app, "read")
		w.exchange(app, code, strings.Repeat("x", 43))
		w.token(app, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI}})
		stolen := *app
		stolen.Client.Secret = "guessed-" + app.Client.Secret[8:]
		w.exchange(&stolen, code, "x")
		w.exchange(&stolen, code, "x")
		page := w.page(p, developerPage(app))
		for _, want := range []string{
			"The redirect URI is not registered", "elsewhere.example/cb", "The PKCE challenge is missing",
			"The PKCE verifier does not match", "The PKCE verifier is missing", "The client secret is wrong", "2 times",
		} {
			if !strings.Contains(page.Text(), want) {
				w.t.Errorf("no %q in %s", want, page.Text())
			}
		}
		for _, bad := range []string{"hunter", code, app.Client.Secret[8:]} {
			if strings.Contains(page.Body, bad) {
				w.t.Errorf("the page shows %q", bad)
			}
		}
		if page := w.page(other, developerPage(foreign)); !strings.Contains(page.Text(), "No request from this application was refused recently.") {
			w.t.Errorf("somebody else's application: %s", page.Text())
		}
		if page := w.page(other, developerPage(app)); page.Status != http.StatusNotFound {
			w.t.Errorf("somebody else sees it: %d", page.Status)
		}
	})
}

// Whoever asks in an application's name fills no more than that application's few rows.
func TestE8_TheListOfErrorsIsBounded(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		app := w.developedWith(p, "none")
		for i := range 3 {
			for j := range 15 {
				wrong := *app
				wrong.RedirectURI = fmt.Sprintf("https://elsewhere.example/%d-%d", i, j)
				w.browse(wrong.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
			}
			if n := strings.Count(w.page(p, developerPage(app)).Body, "elsewhere.example"); n == 0 || n > 10 {
				w.t.Errorf("%d rows", n)
			}
		}
	})
}

// A test run shows each step, keeps secrets to their last four characters, and leaves no
// access behind.
func TestE8_ATestRunShowsEachStep(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, method := range []string{"none", "client_secret_basic", "client_secret_post"} {
			p := w.person()
			app := w.developedWith(p, method)
			values := map[string]string{}
			if method != "none" {
				asked := w.answer(p.Browser, developerPage(app)+"/try", values)
				if asked.Status != http.StatusUnprocessableEntity || !strings.Contains(asked.Text(), "Enter the secret of the application.") {
					w.t.Errorf("%s without a secret: %d %s", method, asked.Status, asked.Text())
				}
				values["client_secret"] = app.Client.Secret
			}
			page := w.answer(p.Browser, developerPage(app)+"/try", values)
			if !strings.Contains(page.Text(), "Everything works.") || strings.Count(page.Body, `class="badge good">Works`) != 6 {
				w.t.Errorf("%s: %s", method, page.Text())
			}
			if found := regexp.MustCompile(secret.Pattern).FindString(page.Body); found != "" {
				w.t.Errorf("%s: the page shows a secret: %s…", method, found[:8])
			}
			for _, want := range []string{"oac_…", "oat_…", "ort_…", "code_challenge_method=S256", "iss="} {
				if !strings.Contains(html.UnescapeString(page.Body), want) {
					w.t.Errorf("%s: no %q in %s", method, want, page.Text())
				}
			}
			if page := w.page(p, "/settings/applications"); strings.Contains(page.Text(), "Budget Buddy") {
				w.t.Errorf("%s: access was left behind: %s", method, page.Text())
			}
			if method != "client_secret_post" { // which our own application does not speak
				pair := w.tokensOf(p, app, "read")
				w.answer(p.Browser, developerPage(app)+"/try", values)
				w.wantActive(pair.Access, true, method+": what was allowed before")
			}
			if method == "none" {
				continue
			}
			values["client_secret"] = "ocs_wrong-one-that-is-long"
			if page := w.answer(p.Browser, developerPage(app)+"/try", values); !strings.Contains(page.Text(), "A step was refused.") || !strings.Contains(page.Text(), "invalid_client") ||
				!strings.Contains(page.Text(), "The client secret is wrong. Copy it again, or create a new one.") {
				w.t.Errorf("%s with a wrong secret: %s", method, page.Text())
			}
		}
	})
}

var samplePattern = regexp.MustCompile(`(?s)<pre class="code" id="sample-(\w+)"[^>]*>(.*?)</pre>`)

// The programs on an application's page work as they stand, in all four languages, for
// each way a client authenticates.
func TestE8_TheProgramsOfThePageWork(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		for _, method := range []string{"none", "client_secret_basic", "client_secret_post"} {
			app := w.developedWith(p, method)
			found := samplePattern.FindAllStringSubmatch(w.page(p, developerPage(app)+"/program").Body, -1)
			if len(found) != 4 {
				w.t.Fatalf("%d programs", len(found))
			}
			for _, one := range found {
				text := html.UnescapeString(one[2])
				if app.Client.Secret != "" && strings.Contains(text, app.Client.Secret) {
					w.t.Errorf("%s: the program holds the secret", one[1])
				}
				said := w.runSample(p, app, one[1], text)
				if !strings.Contains(said, "accounts") {
					w.t.Errorf("%s, %s: %s", one[1], method, said)
				}
			}
		}
	})
}

// samplePatience is how long a program may take, one that is compiled too.
const samplePatience = 90 * time.Second

// runSample runs a program that prints an address to open, and asks for the one that
// leads back.
func (w *world) runSample(p *actor.Person, app *actor.App, language, text string) string {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), map[string]string{"curl": "sample.sh", "Python": "sample.py", "JavaScript": "sample.mjs", "Go": "sample.go"}[language])
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	command := map[string][]string{"curl": {"bash"}, "Python": {"python3"}, "JavaScript": {"node"}, "Go": {"go", "run"}}[language]
	patient, done := context.WithTimeout(w.t.Context(), samplePatience)
	defer done()
	cmd := exec.CommandContext(patient, command[0], append(command[1:], file)...) //nolint:gosec // a program of the page, in a test
	cmd.Env = append(os.Environ(), "CLIENT_SECRET="+app.Client.Secret, "PYTHONUNBUFFERED=1")
	var rest strings.Builder
	cmd.Stderr = &rest
	in, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		address, asks := strings.CutPrefix(lines.Text(), "Open: ")
		rest.WriteString(lines.Text() + "\n")
		if asks {
			back, err := p.Decide(w.t.Context(), address, actor.Allow)
			if err != nil {
				w.t.Fatalf("%s: %v", language, err)
			}
			reply := back.String()
			if language == "curl" {
				reply = back.Query().Get("code")
			}
			_, _ = in.Write([]byte(reply + "\n")) // a program that is gone says so below
		}
		if token := regexp.MustCompile(`oat_[0-9A-Za-z]{49}`).FindString(lines.Text()); token != "" && language == "curl" {
			_, _ = in.Write([]byte(token + "\n"))
		}
	}
	if err := cmd.Wait(); err != nil {
		w.t.Errorf("%s: %v", language, err)
	}
	return rest.String()
}

// An application's calls are on its developer's page, and those in one's own name on one's
// own.
func TestE8_CallsOfAnApplicationAreCounted(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		app := w.developedWith(p, "none")
		pair := w.tokensOf(p, app, "read")
		for range 3 {
			wantStatus(w.t, w.call(http.MethodGet, "/api/v1/accounts", pair.Access, nil), http.StatusOK)
		}
		wantStatus(w.t, w.call(http.MethodPost, "/api/v1/accounts", pair.Access, map[string]any{}), http.StatusForbidden)
		testenv.Eventually(w.t, 30*time.Second, "the calls are drawn", func() bool {
			const drawn = "3 answered, 1 refused"
			return strings.Contains(w.page(p, developerPage(app)).Text(), drawn) &&
				strings.Contains(w.page(p, "/settings/applications/one?client_id="+app.Client.ID).Text(), drawn)
		})
	})
}
