package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// alerts is a file of Prometheus' rules, as far as ours go.
type alerts struct {
	Groups []struct {
		Name  string  `json:"name"`
		Rules []alert `json:"rules"`
	} `json:"groups"`
}

type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// deployed reads a file below deploy or docs.
func deployed(t *testing.T, path ...string) string {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func ourAlerts(t *testing.T) []alert {
	t.Helper()
	var file alerts
	if err := yaml.UnmarshalStrict([]byte(deployed(t, "deploy", "prometheus", "rules.yml")), &file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 10 {
		t.Fatalf("%d alerts", len(all))
	}
	return all
}

type query struct{ where, text string }

// panels returns what the dashboard draws.
func panels(t *testing.T) (all []query) {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string `json:"title"`
			GridPos struct{ X, Y int }
			Targets []struct{ Expr string }
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(deployed(t, "deploy", "grafana", "latchkey.json")), &board); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range board.Panels {
		at := fmt.Sprint(p.GridPos)
		if seen[at] || seen[p.Title] || len(p.Targets) == 0 {
			t.Errorf("the panel %q lies on another one, has the title of another, or draws nothing", p.Title)
		}
		seen[at], seen[p.Title] = true, true
		for _, one := range p.Targets {
			all = append(all, query{p.Title, one.Expr})
		}
	}
	return all
}

// selectors parses a query as Prometheus does.
func (q query) selectors(t *testing.T) (found []*parser.VectorSelector) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(q.text)
	if err != nil {
		t.Errorf("%s: %v", q.where, err)
		return nil
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			found = append(found, v)
		}
		return nil
	})
	return found
}

var notInSlugs = regexp.MustCompile(`[^a-z0-9 _-]`)

// headings returns the anchors of a document, as GitHub and GitLab make them.
func headings(document string) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(document) {
		if level, title, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Trim(level, "#") == "" {
			found[strings.ReplaceAll(notInSlugs.ReplaceAllString(strings.ToLower(title), ""), " ", "-")] = true
		}
	}
	return found
}

// TestAlertsSayWhatToDo: each is well formed and names a heading that exists, and what
// it looks at is drawn by the dashboard.
func TestAlertsSayWhatToDo(t *testing.T) {
	drawn := map[string]bool{"up": true}
	for _, p := range panels(t) {
		for _, s := range p.selectors(t) {
			drawn[s.Name] = true
		}
	}
	known, names := headings(deployed(t, "docs", "operations.md")), map[string]bool{}
	for _, a := range ourAlerts(t) {
		anchor, ok := strings.CutPrefix(a.Annotations["runbook"], "docs/operations.md#")
		if !ok || !known[anchor] {
			t.Errorf("%s: the runbook %q is no heading", a.Alert, a.Annotations["runbook"])
		}
		if names[a.Alert] || !model.LegacyValidation.IsValidLabelName(a.Alert) || a.Annotations["summary"] == "" || len(a.Annotations) != 2 {
			t.Errorf("%s: %v", a.Alert, a.Annotations)
		}
		names[a.Alert] = true
		if a.For != "" {
			if _, err := model.ParseDuration(a.For); err != nil {
				t.Errorf("%s: %v", a.Alert, err)
			}
		}
		if s := a.Labels["severity"]; len(a.Labels) != 1 || s != "page" && s != "ticket" {
			t.Errorf("%s: labels %v", a.Alert, a.Labels)
		}
		for _, s := range (query{a.Alert, a.Expr}).selectors(t) {
			if !drawn[s.Name] {
				t.Errorf("%s looks at %s, which no panel draws", a.Alert, s.Name)
			}
		}
	}
}

// sample is a line of what /metrics shows, without its value.
type sample struct {
	name   string
	labels map[string]string
}

var (
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? `)
	labelPair  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
)

// scrape reads what the services export, with the label that Prometheus adds.
func (w *world) scrape() (all []sample) {
	w.t.Helper()
	for job, p := range map[string]*process.Process{"authserver": w.Auth, "resourceapi": w.API()} {
		answer := w.send(http.MethodGet, p.Ops+"/metrics", nil, "")
		wantStatus(w.t, answer, http.StatusOK)
		for line := range strings.Lines(string(answer.Body)) {
			if m := sampleLine.FindStringSubmatch(line); m != nil {
				one := sample{m[1], map[string]string{"job": job, "instance": p.Ops}}
				for _, pair := range labelPair.FindAllStringSubmatch(m[2], -1) {
					one.labels[pair[1]] = pair[2]
				}
				all = append(all, one)
			}
		}
	}
	return append(all, sample{"up", map[string]string{"job": "authserver"}}, sample{"up", map[string]string{"job": "resourceapi"}})
}

// chosen reports whether some sample is what s selects. Which errors and statuses
// occur is nobody's choice: of them the label is enough.
func chosen(s *parser.VectorSelector, all []sample) bool {
	return slices.ContainsFunc(all, func(one sample) bool {
		if one.name != s.Name {
			return false
		}
		return !slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool {
			value, there := one.labels[m.Name]
			switch m.Name {
			case model.MetricNameLabel:
				return false
			case "status", "error":
				return !there
			}
			return !there || !m.Matches(value)
		})
	})
}

// TestWhatIsWatchedIsExported: every series that an alert or a panel looks at is there
// once the services have done their work on the engines of production.
func TestWhatIsWatchedIsExported(t *testing.T) {
	t.Parallel()
	often := "100ms"
	w := startWorld(t, testenv.Production, stack.Setup{
		AuthEnv: process.Env{"AUTH_SWEEP_INTERVAL": often}, APIEnv: process.Env{"API_SWEEP_INTERVAL": often},
	})
	p, app := w.person(), w.public()
	pair := w.refreshed(app, w.tokensOf(p, app, "read_write").Refresh)
	wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	wantStatus(t, w.call(http.MethodGet, accounts, pair.Access+"x", nil), http.StatusUnauthorized)
	wantStatus(t, w.form(app, "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"nonsense"}}), http.StatusBadRequest)
	wantStatus(t, w.call(http.MethodPost, "/api/v1/sync", pair.Access, nil), http.StatusAccepted)
	watched := panels(t)
	for _, a := range ourAlerts(t) {
		watched = append(watched, query{a.Alert, a.Expr})
	}
	missing := func() (list []string) {
		all := w.scrape()
		for _, q := range watched {
			for _, s := range q.selectors(t) {
				if !chosen(s, all) {
					list = append(list, q.where+": "+s.String())
				}
			}
		}
		return list
	}
	var list []string
	t.Cleanup(func() {
		if len(list) > 0 {
			t.Errorf("nobody exports\n%s", strings.Join(list, "\n"))
		}
	})
	testenv.Eventually(t, 30*time.Second, "what is swept and computed is counted", func() bool {
		list = missing()
		return len(list) == 0
	})
	if chosen(&parser.VectorSelector{Name: "http_requests_totals"}, w.scrape()) {
		t.Error("this test cannot fail")
	}
}
