package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Mailer sends one email. Delivering one twice must do no harm.
type Mailer interface {
	Send(ctx context.Context, m authserver.EmailMessage) error
}

const (
	emailHands = 4 // emails under way at once

	// How long an email is tried: one that somebody waits for, and one that tells
	// what has happened.
	askedFor = time.Hour
	told     = 24 * time.Hour
)

// CanMail reports whether emails can be sent.
func (s *Service) CanMail() bool { return s.emails.On }

// Emails leaves emails to people in the outbox.
type Emails struct {
	Store  Store
	Events *event.Recorder
	Now    func() time.Time
	On     bool // people can be written to
}

// write leaves an email to u in the outbox, in the transaction of ctx: it is sent if
// that commits, and not otherwise. What m leaves open is as u is known: address,
// language and name. Where no emails can be sent there is none.
func (l *Emails) write(ctx context.Context, u *authserver.User, m authserver.EmailMessage, life time.Duration) error {
	if !l.On {
		return nil
	}
	if m.To == "" {
		m.To, m.Name = u.Email, u.Named()
	}
	if m.Language == "" {
		m.Language = u.Language
	}
	if m.Kind != authserver.EmailMessageInvited { // that one goes to somebody else
		m.TimeZone = u.TimeZone
	}
	now := l.Now().UTC().Truncate(time.Microsecond)
	if m.At.IsZero() {
		m.At, m.Origin = now, l.Events.Origin(ctx)
	}
	m.GiveUp = now.Add(life)
	payload, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("account: email: %w", err)
	}
	return l.Store.AddOutboxMessage(ctx, authserver.OutboxMessage{
		ID: uuid.NewString(), Kind: authserver.OutboxEmail, Subject: u.ID, Payload: string(payload), CreatedAt: now,
	})
}

// Run sends the emails that wait until ctx ends: each at least once, by one replica
// at a time, with growing pauses after failures, until it is worth nothing.
func (r *Recovery) Run(ctx context.Context) {
	if r.Mail == nil || !r.People.CanMail() {
		return
	}
	r.People.run(ctx, courier{authserver.OutboxEmail, r.deliver, emailHands, false})
}

// deliver sends one email. The error names nobody.
func (r *Recovery) deliver(ctx context.Context, e *authserver.OutboxMessage) error {
	var m authserver.EmailMessage
	if err := json.Unmarshal([]byte(e.Payload), &m); err != nil {
		return r.unsent(ctx, e, &m, "not an email")
	}
	if r.People.now().After(m.GiveUp) {
		return r.unsent(ctx, e, &m, "too late")
	}
	needed, err := r.complete(ctx, e, &m)
	if err != nil || !needed {
		return err
	}
	if err := r.Mail.Send(ctx, m); err != nil {
		return errors.New(r.reason(err))
	}
	return nil
}

func (r *Recovery) unsent(ctx context.Context, e *authserver.OutboxMessage, m *authserver.EmailMessage, reason string) error {
	r.People.deps.Logger.ErrorContext(ctx, "an email was not sent", slog.String("email", m.Kind),
		slog.String("user_id", e.Subject), slog.Int("attempts", e.Attempts-1), slog.String("reason", reason))
	return errGivenUp
}

func (r *Recovery) reason(err error) string {
	if r.Reason == nil {
		return "mail server"
	}
	return r.Reason(err)
}

// complete adds to an email what is in memory only: the link, made now. false: things
// have changed since, and nobody needs the email.
func (r *Recovery) complete(ctx context.Context, e *authserver.OutboxMessage, m *authserver.EmailMessage) (needed bool, err error) {
	switch m.Kind {
	case authserver.EmailMessageReset:
		return r.completeReset(ctx, m)
	case authserver.EmailMessageInvited:
		return r.completeInvitation(ctx, m)
	case authserver.EmailMessageConfirm, authserver.EmailMessageConfirmOwn, authserver.EmailMessageClosed:
	default:
		m.Path = m.Page
		return true, nil
	}
	u, err := r.People.deps.Store.FindUser(ctx, e.Subject)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch m.Kind {
	case authserver.EmailMessageConfirm:
		return r.completeChange(ctx, u, m)
	case authserver.EmailMessageConfirmOwn:
		return r.completeOwn(ctx, u, m)
	}
	return r.completeClosed(ctx, u, m)
}

func (r *Recovery) completeReset(ctx context.Context, m *authserver.EmailMessage) (bool, error) {
	u, err := r.People.findByEmail(ctx, m.To)
	if err != nil || u.ID == "" {
		return false, err
	}
	token, err := r.newReset(ctx, u, u.Email, m.Origin)
	if err != nil {
		return false, err
	}
	m.Name, m.Path, m.Life = u.Named(), ResetPath+token.Reveal(), r.LinkLife()
	return true, nil
}

// completeChange is about a new address of u. What happens to one that has an account
// is told to that address only.
func (r *Recovery) completeChange(ctx context.Context, u *authserver.User, m *authserver.EmailMessage) (bool, error) {
	if !u.Active() || u.Email == m.To || m.Bound != boundTo(u) {
		return false, nil
	}
	owner, err := r.People.findAny(ctx, m.To)
	if err != nil {
		return false, err
	}
	if owner.ID != "" {
		m.Kind, m.Name, m.Path = authserver.EmailMessageTaken, owner.Named(), "/forgot"
		return owner.Active(), nil
	}
	token, err := r.newLink(ctx, authserver.LinkEmail, secret.EmailLink, u, m.To, r.LinkLife())
	m.Path, m.Life = EmailPath+token.Reveal(), r.LinkLife()
	return true, err
}

func (r *Recovery) completeOwn(ctx context.Context, u *authserver.User, m *authserver.EmailMessage) (bool, error) {
	if !u.Active() || u.EmailConfirmed() || u.Email != m.To {
		return false, nil
	}
	token, err := r.newLink(ctx, authserver.LinkEmail, secret.EmailLink, u, u.Email, confirmLife)
	m.Path, m.Life = ConfirmPath+token.Reveal(), confirmLife
	return true, err
}

func (r *Recovery) completeClosed(ctx context.Context, u *authserver.User, m *authserver.EmailMessage) (bool, error) {
	if !u.Closed() {
		return false, nil
	}
	token, err := r.People.restoreLink(ctx, u, *u.EraseAt)
	m.Path, m.Until = RestorePath+token.Reveal(), *u.EraseAt
	return true, err
}

// completeInvitation gives the invitation a new code, which is in the email only.
func (r *Recovery) completeInvitation(ctx context.Context, m *authserver.EmailMessage) (bool, error) {
	code := secret.New(secret.InviteCode)
	until, err := r.People.deps.Store.MailInvitation(ctx, m.ID, code.Digest(), r.People.now())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	m.Path, m.Until = JoinPath+code.Reveal(), until
	return true, err
}
