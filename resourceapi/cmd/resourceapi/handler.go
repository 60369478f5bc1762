package main

import (
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/cli"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/resourceapi/internal/api"
)

func (p *parts) handler() (http.Handler, error) {
	proxies, err := httpserver.ParsePrefixes(p.cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	opts := api.Options{
		Store: p.store, Guard: p.guard, Resource: p.cfg.URL, Issuer: p.cfg.Issuer, BodyLimit: p.cfg.BodyLimit, Branding: p.cfg.Branding, Logger: p.log,
		Program: httpserver.Program{Version: cli.VersionOf(version), Since: p.started},
	}
	if p.cfg.ErasureSecret != "" {
		p.erasure = guard.NewShared(p.cfg.ErasureSecret)
		opts.Erasure = p.erasure
	}
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	endpoints, err := api.New(opts)
	if err != nil {
		return nil, err
	}
	endpoints.Mount(router)
	headers := httpserver.APIHeaders()
	if p.cfg.Secure() {
		headers = append(headers, httpserver.NewHeaders("Strict-Transport-Security", "max-age=31536000; includeSubDomains")...)
	}
	chain := httpserver.Chain{
		Now: time.Now, Logger: p.log, Metrics: httpserver.NewMetrics(p.metrics), Spans: p.spans, TrustedProxies: proxies, Headers: headers,
		BodyLimit: max(api.LargestBody, 8*p.cfg.BodyLimit), Timeout: p.cfg.RequestTimeout, Render: apierror.Write,
	}
	return api.AtBase(p.cfg.URL, chain.Wrap(router)), nil
}
