package clientdoc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

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

	waitTooLong = fetchTimeout + time.Second
)

// Options describe Documents.
type Options struct {
	Networks []netip.Prefix // besides public addresses
	Schemes  []string       // private schemes without a dot that redirect URIs may have
	Resolver Resolver       // nil: the system's
	// Kept says whether somebody has allowed the client with this id something; nil:
	// nobody has. What strangers ask for takes nothing from such a client.
	Kept   func(ctx context.Context, id string) bool
	Now    func() time.Time
	Logger *slog.Logger
}

// Documents finds clients by their documents.
type Documents struct {
	fetcher fetcher
	opts    Options

	mu        sync.Mutex
	kept      share // of clients that people have allowed something
	strangers share // of whatever anybody names
	flights   map[string]*flight
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
		kept: newShare(maxKept), strangers: newShare(maxStrangers), flights: map[string]*flight{},
	}
}

var errAway = fault.New(fault.Unavailable, "This application's description could not be fetched. Try again in a moment.").WithRetryAfter(10 * time.Second)

// Find returns the client that the document at id describes. Errors: *Refusal: there
// can be no such client; fault.Unavailable: nobody can say now, which does not mean
// that there is none.
func (d *Documents) Find(ctx context.Context, id string) (*authserver.Client, error) {
	u, err := parseID(id)
	if err != nil {
		return nil, err
	}
	hit := d.fresh(id)
	if hit != nil {
		return hit.client, hit.err
	}
	kept := d.opts.Kept != nil && d.opts.Kept(ctx, id)
	f, hit := d.join(context.WithoutCancel(ctx), id, u, kept) // a fetch is everybody's who waits
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

// fresh returns what is remembered of the document and need not be asked for; nil:
// nothing is.
func (d *Documents) fresh(id string) *entry {
	now := d.opts.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.known(id); ok && now.Before(known.until) {
		return &known
	}
	return nil
}

// join returns what is remembered of the document, or the fetch that will say; nil,
// nil: it has been asked for too often.
func (d *Documents) join(ctx context.Context, id string, u *url.URL, kept bool) (*flight, *entry) {
	now := d.opts.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.known(id)
	if ok && now.Before(known.until) {
		return nil, &known
	}
	if f := d.flights[id]; f != nil {
		return f, nil
	}
	from, name := &d.strangers, payer(u)
	if kept {
		from, name = &d.kept, id
	}
	if !from.budget(name).AllowN(now, 1) {
		if ok && known.client != nil && now.Before(known.gone) {
			return nil, &known
		}
		return nil, nil
	}
	f := &flight{done: make(chan struct{})}
	d.flights[id] = f
	go d.fly(ctx, f, id, u, from)
	return f, nil
}

// Keep says that somebody has allowed the client with this id something.
func (d *Documents) Keep(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.strangers.entries.get(id); ok {
		d.remember(&d.kept, id, known)
	}
}

// Forget makes every document be fetched anew when it is next asked for. One that
// cannot be fetched then serves as before, for as long as it would have.
func (d *Documents) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.opts.Now()
	for _, entries := range []*recent[entry]{d.kept.entries, d.strangers.entries} {
		entries.each(func(e *entry) { e.until = now })
	}
}

// fly fetches for everybody who waits; that one of them leaves does not end it.
func (d *Documents) fly(ctx context.Context, f *flight, id string, u *url.URL, from *share) {
	client, life, err := d.fetch(ctx, id, u, from.places)
	now := d.opts.Now()
	d.mu.Lock()
	known, ok := d.known(id)
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		d.remember(from, id, entry{client: client, until: now.Add(life), gone: now.Add(life + staleLife)})
	case refused:
		d.remember(from, id, entry{err: err, until: now.Add(refusedLife)})
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

// known is what is remembered of a document, fresh or not.
func (d *Documents) known(id string) (entry, bool) {
	if e, ok := d.kept.entries.get(id); ok {
		return e, true
	}
	return d.strangers.entries.get(id)
}

func (d *Documents) remember(in *share, id string, e entry) {
	d.kept.entries.drop(id)
	d.strangers.entries.drop(id)
	in.entries.put(id, e)
}

func (d *Documents) fetch(ctx context.Context, id string, u *url.URL, places chan struct{}) (c *authserver.Client, life time.Duration, err error) {
	defer fault.Recover(ctx, d.opts.Logger, "the fetch of a client's document", func(panicked error) { err = panicked })
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		return nil, 0, errors.New("clientdoc: too many fetches at the same time")
	}
	now := d.opts.Now()
	got, err := d.fetcher.fetch(ctx, u, aDocument, now)
	if err != nil {
		return nil, 0, err
	}
	c, err = describe(id, got.body, d.opts.Schemes)
	if err != nil {
		return nil, 0, err
	}
	c.CreatedAt, c.SeenAt = now, now
	life = got.life
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

// aDocument is what describes a client.
var aDocument = wanted{
	what: "the document", accept: "application/json", kinds: "application/json", most: maxDocument,
	is: func(media string) bool {
		return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
	},
}

func refusedBy(err error) error {
	if bad, ok := errors.AsType[*registration.MetadataError](err); ok {
		return refusal(bad.Description)
	}
	return err
}
