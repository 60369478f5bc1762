package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web"
)

// withHealth is a site whose components are those of probes.
func withHealth(probes ...operator.Probe) func(s *site, d *web.Dependencies) {
	return func(s *site, d *web.Dependencies) {
		withOperator(s, d)
		d.Operator = operator.New(operator.Dependencies{
			Store: s.Store, People: s.People, Recovery: d.Recovery, Clients: d.Clients, Consents: d.Consents, Keys: d.Keys,
			Now: s.clock.now, Version: "v1", Health: probes, Patience: 50 * time.Millisecond,
		})
	}
}

func answering(name string, c authserver.Component) operator.Probe {
	return operator.Probe{Name: name, Ask: func(context.Context) authserver.Component { return c }}
}

// What does not work is told of at the top of the overview, which waits for nothing.
func TestOverviewSaysWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	silent := operator.Probe{Name: "cache", Ask: func(context.Context) authserver.Component {
		<-never
		return authserver.Component{}
	}}
	refused := authserver.Component{State: authserver.ComponentFails, Why: authserver.FaultUnreachable}
	behind := authserver.Component{State: authserver.ComponentBehind, Why: authserver.FaultReplica}
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		overview := open(t, boss.Browser, "/operator")
		for _, want := range []string{"Needs attention: Database, Cache, Email.", "No answer within 2 seconds.", "It can't be reached", "Behind", "Not set up"} {
			if !strings.Contains(overview.Text(), want) {
				t.Errorf("the overview does not say %q: %s", want, overview.Text())
			}
		}
		if !strings.Contains(overview.Body, `href="/operator/health"`) {
			t.Error("no way to the page about health")
		}
		health := open(t, boss.Browser, "/operator/health")
		for _, want := range []string{"A replica is more than 10 seconds behind.", "No answer within 2 seconds.", "AUTH_ERASURE_URL"} {
			if health.Status != http.StatusOK || !strings.Contains(health.Text(), want) {
				t.Errorf("health does not say %q: %d %s", want, health.Status, health.Text())
			}
		}
	}, withHealth(probe("authserver"), answering("resources", authserver.Component{State: authserver.ComponentOff}), answering("database", behind), silent, answering("email", refused)))
	close(never)
}

// Where everything works nothing asks for attention, and each fact has its words.
func TestHealthTellsFacts(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		if text := open(t, boss.Browser, "/operator").Text(); strings.Contains(text, "Needs attention") {
			t.Error(text)
		}
		health := open(t, boss.Browser, "/operator/health").Text()
		for _, want := range []string{"cache 1.2", "61 MB of 256 MB", "1.5 s", "12,345", "In each process", "Seals of events"} {
			if !strings.Contains(health, want) {
				t.Errorf("health does not say %q: %s", want, health)
			}
		}
		fill(t, boss.Browser, open(t, boss.Browser, "/preferences"), map[string]string{"language": "de"})
		if health := open(t, boss.Browser, "/operator/health").Text(); !strings.Contains(health, "61 MB von 256 MB") || !strings.Contains(health, "1,5 s") {
			t.Errorf("in German: %s", health)
		}
	}, withOperator)
}
