package main

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/api"
	"latchkey/authserver/internal/deviceflow"
	"latchkey/authserver/internal/oauth"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/refusal"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/usage"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/apidoc"
	"latchkey/pkg/apierror"
	"latchkey/pkg/cache"
	"latchkey/pkg/cli"
	"latchkey/pkg/doctor"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/settings"
	"latchkey/pkg/span"
)

func serve(ctx context.Context, args []string) error {
	defer runtime.KeepAlive(httpserver.GCBallast())
	fs, _ := cli.Flags("authserver serve")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	p, err := assemble(ctx, true)
	if err != nil {
		return err
	}
	defer p.close()
	if p.spans, err = span.New(settings.Environ(), "authserver", cli.VersionOf(version), p.log, p.metrics); err != nil {
		return err
	}
	p.events.Actor, p.events.From, p.events.Logger = authserver.ActorServer, requestOrigin, p.log
	if unknown := p.cfg.Unknown; len(unknown) > 0 {
		p.log.WarnContext(ctx, "settings that nobody reads", "names", unknown)
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	clock.Logger = p.log
	if err := clock.Set(ctx, p.db); err != nil {
		return err
	}
	if err := cache.Check(ctx, "AUTH_REDIS_URL", p.cache); err != nil {
		return err
	}
	if err := p.db.Warn(ctx); err != nil {
		return err
	}
	people, err := p.peopleWith(keepKey)
	if err != nil {
		return err
	}
	if err := people.ProveKey(ctx); err != nil {
		return err
	}
	p.openEventKeys() // the key may have been made just now
	p.show()
	handler, workers, err := p.handler(people)
	if err != nil {
		return err
	}
	cli.OnHangup(ctx, p.reload)
	return p.run(ctx, handler, workers)
}

// worker runs until its context ends.
type worker func(ctx context.Context)

// run listens, with the workers beside, until ctx ends; the workers outlive the
// last request.
func (p *parts) run(ctx context.Context, handler http.Handler, workers []worker) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	workers = append(workers, func(ctx context.Context) { clock.Run(ctx, p.db) }, p.db.RunCheckpoints)
	if canary := p.canary(); canary != nil {
		workers = append(workers, canary)
	}
	if p.cfg.RedisURL != "" {
		workers = append(workers, func(ctx context.Context) { doctor.Announce(ctx, p.cache, "authserver", p.cfg.Issuer) })
	}
	var running sync.WaitGroup
	for _, work := range workers {
		running.Go(func() { work(background) })
	}
	err := httpserver.Run(ctx, httpserver.Options{
		Addr: p.cfg.Addr, OpsAddr: p.cfg.OpsAddr, Handler: handler, Registry: p.metrics, Logger: p.log,
		Timeout: p.cfg.RequestTimeout, Leave: p.cfg.DrainDelay, Drain: p.cfg.Drain,
		Checks:   map[string]httpserver.Check{"database": p.store.Ping},
		Optional: map[string]httpserver.Check{"cache": p.cache.Ping, "database writes": p.db.Writable, "erasure": p.canErase},
	})
	stop()
	running.Wait()
	return err
}

// handler builds everything that answers requests, and the workers beside it.
func (p *parts) handler(people *account.Service) (http.Handler, []worker, error) {
	router, pages, workers, err := p.router(people)
	if err != nil {
		return nil, nil, err
	}
	handler, err := p.chain(router, pages)
	return handler, workers, err
}

// router builds what answers each path, innermost first.
func (p *parts) router(people *account.Service) (*mux.Router, *web.Server, []worker, error) {
	passkeys, err := passkey.New(passkey.Dependencies{Store: p.store, Issuer: p.cfg.Issuer, Name: p.cfg.Branding.Name, Events: p.events, Now: now})
	if err != nil {
		return nil, nil, nil, err
	}
	single := p.sso(people)
	clients := oauth.NewClientCache(p.store, p.cfg.ClientCache, now)
	requesting, err := p.requesting(clients)
	if err != nil {
		return nil, nil, nil, err
	}
	devices := &deviceflow.Service{Store: p.store, Grants: p.grants, Logger: p.log, Now: now}
	router := mux.NewRouter().SkipClean(true) // an odd path is no route; a redirect would turn a POST into a GET
	refusals := &refusal.Recorder{Store: p.store, Logger: p.log, Now: now}
	drawn := web.Dependencies{
		Devices: devices, NoteConsent: requesting.NoteConsent, Asks: requesting.Find,
		People: people, Passkeys: passkeys, SSO: single, Keys: p.keys, APIURL: p.cfg.APIURL, Issuer: p.cfg.Issuer, Branding: p.cfg.Branding, Places: p.places,
		Refusals: refusals, Endpoints: router, Usage: &usage.Service{Store: p.store, Uses: p.uses, Now: now},
		Events: p.events, Kept: p.cfg.EventRetention, Logger: p.log, Now: now,
		Client: clients.Find,
	}
	workers, err := p.ownPages(&drawn)
	if err != nil {
		return nil, nil, nil, err
	}
	pages, err := web.New(drawn)
	if err != nil {
		return nil, nil, nil, err
	}
	endpoints := oauth.New(oauth.Dependencies{
		Grants: p.grants, Requesting: requesting, Credentials: p.credentials, Pages: pages, Signins: pages, Throttle: tokenThrottle{people},
		Metrics: p.oauthMetrics, Now: now, Issuer: p.cfg.Issuer, Resources: p.cfg.KnownResources(),
		Links: p.cfg.Branding.Links, Registers: p.cfg.Registration != registration.Closed, Requests: p.store, Devices: devices, Refusals: refusals,
	})
	p.sweeps = p.sweeper()
	workers = append(workers, p.grants.RunUses, p.sweeps.Run, p.events.RunSeals, p.spans.Run, refusals.Run, people.RunErasures)
	outbox, err := p.outbox(people)
	if err != nil {
		return nil, nil, nil, err
	}
	p.renews(people, single)
	if outbox != nil {
		workers = append(workers, outbox)
	}

	endpoints.Mount(router)
	pages.Mount(router)
	admission, noteUses, err := p.guard()
	if err != nil {
		return nil, nil, nil, err
	}
	workers = append(workers, noteUses)
	api.New(api.Dependencies{
		People: people, Recovery: drawn.Recovery, Keys: p.keys, SSO: single, Guard: admission, ResourceServers: endpoints, Now: now,
	}).Mount(router)
	described := apidoc.Options{Issuer: p.cfg.Issuer, APIURL: p.cfg.APIURL, Branding: p.cfg.Branding}
	if err := api.MountDescription(router, described); err != nil {
		return nil, nil, nil, err
	}
	router.NotFoundHandler = notFound(pages)
	return router, pages, workers, nil
}

// chain is what every request passes on its way to router.
func (p *parts) chain(router *mux.Router, pages *web.Server) (http.Handler, error) {
	proxies, err := httpserver.ParsePrefixes(p.cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	chain := httpserver.Chain{
		Now: now, Logger: p.log, Metrics: httpserver.NewMetrics(p.metrics), Took: p.took, Spans: p.spans, TrustedProxies: proxies,
		Headers: p.headers(), BodyLimit: p.cfg.BodyLimit, Timeout: p.cfg.RequestTimeout, Render: renderFor(pages),
	}
	return chain.Wrap(router), nil
}

func (p *parts) headers() httpserver.Headers {
	h := httpserver.APIHeaders()
	if p.cfg.Secure() {
		h = append(h, httpserver.NewHeaders("Strict-Transport-Security", "max-age=31536000; includeSubDomains")...)
	}
	return h
}

// renderFor chooses JSON for the API and a page for everything else.
func renderFor(pages *web.Server) httpserver.Renderer {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if forMachines(r.URL.Path) {
			apierror.Write(w, r, err)
			return
		}
		pages.RenderError(w, r, err)
	}
}

func forMachines(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/internal/") || strings.HasPrefix(path, "/.well-known/") ||
		strings.HasPrefix(path, "/oauth/") && path != "/oauth/authorize"
}

func notFound(pages *web.Server) http.Handler {
	page := pages.NotFound()
	document := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		apierror.Write(w, r, fault.New(fault.NotFound, "The requested resource was not found"))
	})
	open := httpserver.CrossOriginNotFound(document)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !forMachines(r.URL.Path):
			page.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/internal/"):
			document.ServeHTTP(w, r)
		default:
			open.ServeHTTP(w, r)
		}
	})
}
