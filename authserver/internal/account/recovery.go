package account

import (
	"context"
	"log/slog"
	"sync"
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
	ChangeEmail(ctx context.Context, userID, old, email string) (bool, error)
	SetNames(ctx context.Context, userID, first, last string) error
}

// Mailer sends one email. Reason says of its error what may be logged.
type Mailer interface {
	Send(ctx context.Context, m authserver.EmailMessage) error
}

// Recovery gives people their account back by a link, and changes the address
// they are reached at. Emails leave in the background, and so does everything
// that depends on whether an address is known: an answer is the same, and takes
// as long, for every address.
type Recovery struct {
	People *Service
	Links  Links
	Mail   Mailer                 // nil: no emails; the operator hands links over
	Reason func(err error) string // of an email that was not sent, without names
	Life   time.Duration          // of a link; 0: 15 minutes

	once  sync.Once
	queue chan mailJob
}

// mailJob writes an email; Run does it.
type mailJob func(ctx context.Context) error

const (
	defaultLinkLife = 15 * time.Minute
	mailQueue       = 512
	mailWorkers     = 4
	drainTime       = 10 * time.Second // for what is queued when the server stops
)

// retryMail is how long to wait before each further try to send an email.
var retryMail = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

// ErrLinkGone refuses a link that is used, expired, void or made up.
var ErrLinkGone = fault.New(fault.NotFound, "This link has expired or was used already. Ask for a new one.")

func (r *Recovery) jobs() chan mailJob {
	r.once.Do(func() { r.queue = make(chan mailJob, mailQueue) })
	return r.queue
}

// LinkLife is how long a link is good.
func (r *Recovery) LinkLife() time.Duration {
	if r.Life > 0 {
		return r.Life
	}
	return defaultLinkLife
}

// CanMail reports whether emails can be sent.
func (r *Recovery) CanMail() bool { return r.Mail != nil }

// Run sends what is queued until ctx ends, and then what is left, for a while.
func (r *Recovery) Run(ctx context.Context) {
	if r.Mail == nil {
		return
	}
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, stop) })()
	var workers sync.WaitGroup
	for range mailWorkers {
		workers.Go(func() { r.work(ctx, lasting) })
	}
	workers.Wait()
}

func (r *Recovery) work(ctx, lasting context.Context) {
	for {
		select {
		case job := <-r.jobs():
			r.do(lasting, job)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case job := <-r.jobs():
			r.do(lasting, job)
		}
	}
}

func (r *Recovery) do(ctx context.Context, job mailJob) {
	if err := job(ctx); err != nil {
		r.People.deps.Logger.ErrorContext(ctx, "an email was not written", slog.Any("error", err))
	}
}

// later queues a job. fault.Unavailable: too many are waiting.
func (r *Recovery) later(job mailJob) error {
	select {
	case r.jobs() <- job:
		return nil
	default:
		return fault.New(fault.Unavailable, "Too many emails are waiting to be sent. Try again in a moment.").WithRetryAfter(10 * time.Second)
	}
}

// send delivers an email, trying again when the mail server does not take it.
func (r *Recovery) send(ctx context.Context, userID string, m authserver.EmailMessage) {
	for try := 0; ; try++ {
		err := r.Mail.Send(ctx, m)
		if err == nil {
			return
		}
		if try == len(retryMail) || !wait(ctx, retryMail[try]) {
			r.People.deps.Logger.ErrorContext(ctx, "an email was not sent", slog.String("email", m.Kind),
				slog.String("user_id", userID), slog.String("reason", r.reason(err)))
			return
		}
	}
}

func (r *Recovery) reason(err error) string {
	if r.Reason == nil {
		return "mail server"
	}
	return r.Reason(err)
}

// wait reports false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Close is Service.Close, and sends the link that takes it back.
func (r *Recovery) Close(ctx context.Context, userID, language string) error {
	u, token, err := r.People.Close(ctx, userID)
	if err != nil || token.IsZero() {
		return err
	}
	r.notify(ctx, u, authserver.EmailMessage{
		Kind: authserver.EmailMessageClosed, To: u.Email, Language: language, Path: RestorePath + token.Reveal(), Until: *u.EraseAt,
	})
	return nil
}

// CloseMine is Close by the person at sign-in in, who confirms with the password.
// Errors: as Close and Reconfirm.
func (r *Recovery) CloseMine(ctx context.Context, in *authserver.Signin, password, language string) error {
	if err := r.People.confirm(ctx, in, password); err != nil {
		return err
	}
	return r.Close(ctx, in.User.ID, language)
}

// notify queues an email that nothing depends on.
func (r *Recovery) notify(ctx context.Context, u *authserver.User, m authserver.EmailMessage) {
	if r.Mail == nil {
		return
	}
	m.Name = u.DisplayName()
	err := r.later(func(ctx context.Context) error {
		r.send(ctx, u.ID, m)
		return nil
	})
	if err != nil {
		r.People.deps.Logger.ErrorContext(ctx, "an email was not sent", slog.String("email", m.Kind), slog.String("user_id", u.ID))
	}
}

// newLink makes and stores a link of u to address.
func (r *Recovery) newLink(ctx context.Context, kind string, as secret.Kind, u *authserver.User, address string) (secret.Token, error) {
	token, now := secret.New(as), r.People.now()
	return token, r.Links.CreateLink(ctx, authserver.Link{
		Digest: token.Digest(), Kind: kind, UserID: u.ID, Email: address, Bound: secret.DigestOf(u.PasswordHash),
		CreatedAt: now, ExpiresAt: now.Add(r.LinkLife()),
	})
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
