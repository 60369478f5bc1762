package registration

import (
	"context"
	"errors"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/picture"
)

// Pictures fetches pictures from where clients say that theirs are. clientdoc.Pictures
// is one.
type Pictures interface {
	// Fetch returns what is at an address, unread. fault.Invalid: nothing that can be
	// used, and why; fault.Unavailable.
	Fetch(ctx context.Context, address string) ([]byte, error)
}

// logos keeps the pictures of clients.
type logos interface {
	KeepLogo(ctx context.Context, logo authserver.Logo, seen bool) error
	DropLogo(ctx context.Context, clientID string) error
	FindLogo(ctx context.Context, sum, userID string, operator bool) (png []byte, everybody bool, err error)
}

// logoSide is how wide and high a logo is, in pixels: twice what pages show.
const logoSide = 112

// tables are where pictures are drawn: each takes memory and a processor for a moment,
// so that there are few.
var tables = make(chan struct{}, 2)

// DrawLogo reads a picture and draws it anew. fault.Invalid: it is none that can be read.
func DrawLogo(ctx context.Context, raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return nil, badLogo("Choose a picture.")
	}
	select {
	case tables <- struct{}{}:
		defer func() { <-tables }()
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The service is temporarily unavailable. Try again later.")
	}
	drawn, err := picture.Tile(raw, logoSide)
	switch {
	case errors.Is(err, picture.ErrKind):
		return nil, badLogo("We can't read this picture. Choose a PNG, JPEG, GIF or WebP file.")
	case err != nil:
		return nil, badLogo("This picture is too large: at most 512 KiB and 4096 pixels on a side, 4 million in all.")
	}
	return drawn.PNG, nil
}

func badLogo(sentence string) error {
	return fault.New(fault.Invalid, sentence).WithCause(authserver.Violations{{Field: "logo", Rule: "client.logo", Message: sentence}})
}

// SetLogo draws raw anew and makes it the picture of c. chosen: whoever answers for the
// instance handed it in, so that it counts as looked at if c is verified. Errors: those
// of DrawLogo; fault.Forbidden: no page shows c; fault.NotFound: c is gone.
func (s *Service) SetLogo(ctx context.Context, c *authserver.Client, raw []byte, chosen bool) error {
	if c.FirstParty || c.ResourceServer {
		return fault.New(fault.Forbidden, "People never see this client, so it has no logo.")
	}
	png, err := DrawLogo(ctx, raw)
	if err != nil {
		return err
	}
	logo := authserver.Logo{ClientID: c.ID, Sum: authserver.LogoDigest(png), PNG: png}
	if logo.Sum == c.Logo && (!chosen || !c.LogoWaits()) {
		return nil
	}
	return s.keep(ctx, authserver.EventClientLogo, c, func(ctx context.Context) error {
		return s.Store.KeepLogo(ctx, logo, chosen && c.Verified())
	})
}

// FetchLogo makes what is at the address that c names the picture of c. An operator has
// yet to look at it. Errors: as SetLogo; fault.Invalid: c names none; fault.Unavailable.
func (s *Service) FetchLogo(ctx context.Context, c *authserver.Client) error {
	if c.LogoURI == "" || s.Pictures == nil {
		return badLogo("The application doesn't name a logo.")
	}
	raw, err := s.Pictures.Fetch(ctx, c.LogoURI)
	if err != nil {
		return err
	}
	return s.SetLogo(ctx, c, raw, false)
}

// RemoveLogo forgets the picture of c. fault.NotFound: c is gone.
func (s *Service) RemoveLogo(ctx context.Context, c *authserver.Client) error {
	if c.Logo == "" {
		return nil
	}
	return s.keep(ctx, authserver.EventClientLogo, c, func(ctx context.Context) error { return s.Store.DropLogo(ctx, c.ID) })
}

// ShowLogo returns the picture with this sum to u, nil: nobody known, and whether
// everybody may see it. fault.NotFound: there is none for u.
func (s *Service) ShowLogo(ctx context.Context, sum string, u *authserver.User) (png []byte, everybody bool, err error) {
	if u == nil {
		u = &authserver.User{}
	}
	return s.Store.FindLogo(ctx, sum, u.ID, u.Operator)
}
