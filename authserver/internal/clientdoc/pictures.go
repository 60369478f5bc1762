package clientdoc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/picture"
)

// Pictures fetches the logos of clients, as carefully as their documents. It is asked
// by operators only: nothing is fetched because a stranger named it.
type Pictures struct {
	fetcher fetcher
	places  chan struct{}
	logger  *slog.Logger
}

// NewPictures returns Pictures that reach public addresses and networks. resolver nil:
// the system's.
func NewPictures(networks []netip.Prefix, resolver Resolver, logger *slog.Logger) *Pictures {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Pictures{
		fetcher: fetcher{resolver: resolver, networks: networks, dial: (&net.Dialer{}).DialContext},
		places:  make(chan struct{}, 4), logger: logger,
	}
}

// aPicture is what may be a logo.
var aPicture = wanted{
	what: "the logo", accept: "image/png, image/webp, image/jpeg, image/gif", kinds: "a PNG, JPEG, GIF or WebP picture", most: picture.MaxBytes,
	is: func(media string) bool {
		switch media {
		case "image/png", "image/webp", "image/jpeg", "image/gif":
			return true
		}
		return false
	},
}

var errPictureAway = fault.New(fault.Unavailable, "The logo could not be fetched. Try again in a moment, or upload it.").WithRetryAfter(10 * time.Second)

// Fetch returns what is at an https address, unread: registration.DrawLogo reads it.
// fault.Invalid: it is no picture, or is not to be had by us, and why;
// fault.Unavailable: not now.
func (p *Pictures) Fetch(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, fault.New(fault.Invalid, "The logo cannot be used: its address is not https.")
	}
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		return nil, errPictureAway
	}
	got, err := p.fetcher.fetch(ctx, u, aPicture, time.Time{})
	if refused, ok := errors.AsType[*Refusal](err); ok {
		return nil, fault.New(fault.Invalid, "The logo cannot be used: "+refused.Why+".").WithCause(err)
	}
	if err != nil {
		p.logger.WarnContext(ctx, "a client's logo could not be fetched", "address", u.Redacted(), "error", err)
		return nil, errPictureAway.WithCause(err)
	}
	return got.body, nil
}
