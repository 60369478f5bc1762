package clientdoc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
)

// How long documents are remembered, and how often they are asked for.
const (
	leastLife   = time.Minute
	mostLife    = 24 * time.Hour
	usualLife   = 15 * time.Minute // where the headers say nothing
	staleLife   = 24 * time.Hour   // of a document that cannot be fetched again
	refusedLife = time.Minute

	maxEntries  = 1000
	maxOrigins  = 10_000
	perOrigin   = 10 // fetches a minute
	atTheSame   = 16 // fetches at the same time
	waitTooLong = fetchTimeout + time.Second
)

// Options describe Documents.
type Options struct {
	Networks []netip.Prefix // besides public addresses
	Schemes  []string       // private schemes without a dot that redirect URIs may have
	Resolver Resolver       // nil: the system's
	Now      func() time.Time
	Logger   *slog.Logger
}

// Documents finds clients by their documents.
type Documents struct {
	fetcher fetcher
	opts    Options
	places  chan struct{}

	mu      sync.Mutex
	entries map[string]entry
	flights map[string]*flight
	origins map[string]*rate.Limiter
}

type entry struct {
	client *authserver.Client // nil: refused
	err    error
	until  time.Time // fresh
	gone   time.Time // no use even when nothing newer can be had
}

// flight is a fetch under way, which all who want the document share.
type flight struct {
	done   chan struct{}
	client *authserver.Client
	err    error
}

// New returns Documents that have fetched nothing.
func New(opts Options) *Documents {
	if opts.Resolver == nil {
		opts.Resolver = net.DefaultResolver
	}
	return &Documents{
		opts: opts, fetcher: fetcher{resolver: opts.Resolver, networks: opts.Networks, dial: (&net.Dialer{}).DialContext},
		places: make(chan struct{}, atTheSame), entries: map[string]entry{}, flights: map[string]*flight{}, origins: map[string]*rate.Limiter{},
	}
}

var errAway = fault.New(fault.Unavailable, "The application could not be asked about itself. Try again in a moment.").WithRetryAfter(10 * time.Second)

// Find returns the client that the document at id describes. Errors: *Refusal: there
// can be no such client; fault.Unavailable: nobody can say now, which does not mean
// that there is none.
func (d *Documents) Find(ctx context.Context, id string) (*authserver.Client, error) {
	u, err := parseID(id)
	if err != nil {
		return nil, err
	}
	f, hit := d.join(context.WithoutCancel(ctx), id, u) // a fetch is everybody's who waits
	if hit != nil {
		return hit.client, hit.err
	}
	if f == nil {
		return nil, fault.New(fault.RateLimited, "Too many requests. Try again later.").WithRetryAfter(time.Minute)
	}
	timeout := time.NewTimer(waitTooLong)
	defer timeout.Stop()
	select {
	case <-f.done:
		return f.client, f.err
	case <-timeout.C:
		return nil, errAway
	case <-ctx.Done():
		return nil, errAway.WithCause(ctx.Err())
	}
}

// join returns what is remembered of the document, or the fetch that will say; nil,
// nil: its origin has been asked too often.
func (d *Documents) join(ctx context.Context, id string, u *url.URL) (*flight, *entry) {
	now := d.opts.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.entries[id]
	if ok && now.Before(known.until) {
		return nil, &known
	}
	if f := d.flights[id]; f != nil {
		return f, nil
	}
	if !d.budget(u.Host).AllowN(now, 1) {
		if ok && known.client != nil && now.Before(known.gone) {
			return nil, &known
		}
		return nil, nil
	}
	f := &flight{done: make(chan struct{})}
	d.flights[id] = f
	go d.fly(ctx, f, id, u)
	return f, nil
}

// Forget makes every document be fetched anew when it is next asked for. One that
// cannot be fetched then serves as before, for as long as it would have.
func (d *Documents) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.opts.Now()
	for id, e := range d.entries {
		e.until = now
		d.entries[id] = e
	}
}

func (d *Documents) budget(origin string) *rate.Limiter {
	if l := d.origins[origin]; l != nil {
		return l
	}
	if len(d.origins) >= maxOrigins {
		clear(d.origins)
	}
	l := rate.NewLimiter(rate.Every(time.Minute/perOrigin), perOrigin)
	d.origins[origin] = l
	return l
}

// fly fetches for everybody who waits; that one of them leaves does not end it.
func (d *Documents) fly(ctx context.Context, f *flight, id string, u *url.URL) {
	client, life, err := d.fetch(ctx, id, u)
	now := d.opts.Now()
	d.mu.Lock()
	known, ok := d.entries[id]
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		d.remember(id, entry{client: client, until: now.Add(life), gone: now.Add(life + staleLife)}, now)
	case refused:
		d.remember(id, entry{err: err, until: now.Add(refusedLife)}, now)
	default:
		d.opts.Logger.Warn("a client's document could not be fetched", "client_id", id, "error", err)
		err = errAway.WithCause(err)
		if ok && known.client != nil && now.Before(known.gone) {
			client, err = known.client, nil
		}
	}
	f.client, f.err = client, err
	delete(d.flights, id)
	d.mu.Unlock()
	close(f.done)
}

func (d *Documents) remember(id string, e entry, now time.Time) {
	if len(d.entries) >= maxEntries {
		for other, old := range d.entries {
			if !now.Before(old.until) {
				delete(d.entries, other)
			}
		}
	}
	for other := range d.entries { // whichever comes first
		if len(d.entries) < maxEntries {
			break
		}
		delete(d.entries, other)
	}
	d.entries[id] = e
}

func (d *Documents) fetch(ctx context.Context, id string, u *url.URL) (*authserver.Client, time.Duration, error) {
	select {
	case d.places <- struct{}{}:
		defer func() { <-d.places }()
	default:
		return nil, 0, errors.New("clientdoc: too many fetches at the same time")
	}
	now := d.opts.Now()
	got, err := d.fetcher.fetch(ctx, u, now)
	if err != nil {
		return nil, 0, err
	}
	c, err := describe(id, got.body, d.opts.Schemes)
	if err != nil {
		return nil, 0, err
	}
	c.CreatedAt, c.SeenAt = now, now
	life := got.life
	if life < 0 {
		life = usualLife
	}
	return c, min(max(life, leastLife), mostLife), nil
}

// describe reads a document. Members that are newer than this server are ignored.
func describe(id string, body []byte, schemes []string) (*authserver.Client, error) {
	m, err := registration.ParseMetadata(body)
	if err != nil {
		return nil, refusedBy(err)
	}
	switch {
	case m.Text("client_id") != id:
		return nil, refusal("the client_id in the document is not its address")
	case m.Has("client_secret") || m.Has("client_secret_expires_at"):
		return nil, refusal("the document holds a secret, which everybody can read")
	case !slices.Contains(m.AuthMethods(), authserver.AuthNone):
		return nil, refusal("it authenticates in a way that this server does not have: offer the method none")
	}
	c, err := m.Client(schemes)
	if err != nil {
		return nil, refusedBy(err)
	}
	c.ID, c.Introduced, c.AuthMethod = id, authserver.IntroducedByDocument, authserver.AuthNone
	return c, nil
}

func refusedBy(err error) error {
	if bad, ok := errors.AsType[*registration.MetadataError](err); ok {
		return refusal(bad.Description)
	}
	return err
}
