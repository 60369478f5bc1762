package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	compareAgain   = 5 * time.Second // while the authorization server does not answer
	compareTimeout = 3 * time.Second
	maxMetadata    = 64 << 10 // bytes
)

// compareSettings asks the authorization server, once it answers, what it calls
// itself and this API, and says so where that differs from our own settings:
// then no token it issues for this API is taken here.
func (p *parts) compareSettings(ctx context.Context) {
	for {
		said, err := p.authorizationServer(ctx)
		if err == nil {
			p.judgeSettings(ctx, said)
			return
		}
		pause := time.NewTimer(compareAgain)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// serverMetadata is what we read of RFC 8414, with RFC 9728 section 4.
type serverMetadata struct {
	Issuer    string   `json:"issuer"`
	Resources []string `json:"protected_resources"`
}

func (p *parts) judgeSettings(ctx context.Context, said *serverMetadata) {
	if said.Issuer != p.cfg.Issuer {
		p.log.LogAttrs(ctx, slog.LevelError, "settings disagree: API_ISSUER is not what the authorization server calls itself (AUTH_ISSUER)",
			slog.String("api_issuer", p.cfg.Issuer), slog.String("auth_issuer", said.Issuer))
	}
	if said.Resources != nil && !slices.Contains(said.Resources, p.cfg.URL) {
		p.log.LogAttrs(ctx, slog.LevelError, "settings disagree: API_URL is none of the resources that the authorization server issues tokens for "+
			"(AUTH_API_URL, AUTH_RESOURCES), so that a token bound to one of them is refused here",
			slog.String("api_url", p.cfg.URL), slog.Any("auth_resources", said.Resources))
	}
}

// authorizationServer reads the metadata where introspection is asked for, which
// may be an internal address.
func (p *parts) authorizationServer(ctx context.Context) (*serverMetadata, error) {
	at, err := url.Parse(p.cfg.IntrospectionURL)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Scheme+"://"+at.Host+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // only ever read from
	if res.StatusCode != http.StatusOK {
		return nil, errors.New("metadata: the authorization server answered " + res.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxMetadata))
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	var said serverMetadata
	if err := json.Unmarshal(raw, &said); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return &said, nil
}
