package account

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Links keeps what was sent to people.
type Links interface {
	CreateLink(ctx context.Context, l authserver.Link) error
	FindLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (*authserver.Link, *authserver.User, error)
	ClaimLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (bool, error)
	VoidLinks(ctx context.Context, userID string, now time.Time) error
	ChangeEmail(ctx context.Context, userID, old, email string, confirmed *time.Time) (bool, error)
	ConfirmEmail(ctx context.Context, userID, email string, now time.Time) (bool, error)
	SetNames(ctx context.Context, was *authserver.User, first, last string) (bool, error)
}

// Recovery gives people their account back by a link, and looks after the address
// they are reached at. Everything that depends on whether an address is known
// happens when an email is sent, after the answer: an answer is the same, and takes
// as long, for every address.
type Recovery struct {
	People *Service
	Links  Links
	Mail   Mailer                 // of Run
	Reason func(err error) string // of an email that was not sent, without names
	Life   time.Duration          // of a link; 0: 15 minutes
}

const (
	defaultLinkLife = 15 * time.Minute
	// confirmLife is how long an address can be confirmed: people read the email when
	// they come home.
	confirmLife = 24 * time.Hour
)

// ErrLinkGone refuses a link that is used, expired, void or made up.
var ErrLinkGone = fault.New(fault.NotFound, "This link has expired or has already been used. Request a new one.")

// LinkLife is how long a link is good.
func (r *Recovery) LinkLife() time.Duration {
	if r.Life > 0 {
		return r.Life
	}
	return defaultLinkLife
}

// CloseMine is Service.Close by the person at sign-in in, who confirms with the
// password. It returns a link that shows how far the deletion is. Errors: as Close and
// Reconfirm.
func (r *Recovery) CloseMine(ctx context.Context, in *authserver.Signin, password string) (link secret.Token, err error) {
	if err := r.People.confirm(ctx, in, password); err != nil {
		return link, err
	}
	err = r.People.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if _, err = r.People.Close(ctx, in.User.ID); err == nil {
			link, err = r.People.deletionLink(ctx, in.User.ID)
		}
		return err
	})
	return link, err
}

// newLink makes and stores a link of u to address; "": it is handed over by the
// operator.
func (r *Recovery) newLink(ctx context.Context, kind string, as secret.Kind, u *authserver.User, address string, life time.Duration) (secret.Token, error) {
	token, now := secret.New(as), r.People.now()
	by, err := r.handsOver(ctx, u)
	if err != nil {
		return token, err
	}
	return token, r.Links.CreateLink(ctx, authserver.Link{
		Digest: token.Digest(), Kind: kind, UserID: u.ID, Email: address, Bound: secret.DigestOf(u.PasswordHash), MadeBy: by,
		CreatedAt: now, ExpiresAt: now.Add(life),
	})
}

// handsOver returns the id of the operator who makes a link of u, in the transaction of ctx;
// "": none. ErrNotAdmitted: it is no operator any more.
func (r *Recovery) handsOver(ctx context.Context, u *authserver.User) (string, error) {
	by := r.People.deps.Events.ActorOf(ctx, u.ID)
	if by == u.ID || !authserver.ValidID(by) {
		return "", nil
	}
	if err := r.People.deps.Store.HoldUser(ctx, by); err != nil {
		return "", err
	}
	actor, err := r.People.deps.Store.FindUser(ctx, by)
	if err == nil && !actor.Operator {
		err = authserver.ErrNotAdmitted
	}
	return by, err
}

// find returns the user of a link that is still good. ErrLinkGone: it is not.
func (r *Recovery) find(ctx context.Context, kind string, as secret.Kind, text string) (*authserver.Link, *authserver.User, error) {
	token, err := secret.Parse(as, text)
	if err != nil {
		return nil, nil, ErrLinkGone
	}
	l, u, err := r.Links.FindLink(ctx, kind, token.Digest(), r.People.now())
	if fault.Is(err, fault.NotFound) || err == nil && !l.Bound.Equal(secret.DigestOf(u.PasswordHash)) {
		return nil, nil, ErrLinkGone
	}
	return l, u, err
}
