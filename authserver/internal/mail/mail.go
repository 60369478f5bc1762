// Package mail sends emails to people over SMTP. It knows what emails say, in
// every language of the pages, and nothing of why they are sent.
package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	smtp "github.com/wneessen/go-mail"

	"latchkey/authserver"
	"latchkey/pkg/branding"
)

const sendTimeout = 30 * time.Second // of one email, connection included

// Settings say where emails go and who they are from.
type Settings struct {
	// URL is smtp://user:password@host:587 (STARTTLS is demanded, except to a
	// loopback address) or smtps://user:password@host:465 (TLS from the start).
	// ?tls=none sends in the clear.
	URL      string
	Password string // in the place of one in the URL
	From     string // "Latchkey <noreply@example.com>" or a bare address
	Issuer   string // public address of this server, which links begin with
	Branding branding.Branding
	Places   Places // of addresses; nil: none is known
	Now      func() time.Time
	TLS      *tls.Config // nil: the system's certificate authorities
}

// Places knows what people call the place of an address in a language; "": it does not.
// places.Places answers it.
type Places interface {
	Name(at netip.Addr, language string) string
}

// Sender sends emails. Its methods are safe for concurrent use.
type Sender struct {
	settings  Settings
	host      string // of the issuer
	from      *mail.Address
	server    atomic.Pointer[mailServer]
	languages map[string]*language
	style     string // of the HTML
}

// mailServer is where emails go, and how.
type mailServer struct {
	host    string
	options []smtp.Option
}

// Renewal returns what takes another password for emails that are sent from then on.
func (s *Sender) Renewal(url, password string) (apply func(), err error) {
	next := s.settings
	next.URL, next.Password = url, password
	host, options, err := server(next)
	if err != nil {
		return nil, err
	}
	return func() { s.server.Store(&mailServer{host, options}) }, nil
}

// New checks the settings; it connects to nothing.
func New(s Settings) (*Sender, error) { return newSender(s, files) }

func newSender(s Settings, files fs.FS) (*Sender, error) {
	s.Branding.Name = cmp.Or(s.Branding.Name, branding.DefaultName)
	sender := &Sender{settings: s, style: coloured(s.Branding.Colours)}
	issuer, err := url.Parse(s.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, errors.New("mail: the issuer must be an absolute URL")
	}
	sender.host = issuer.Host
	if sender.from, err = mail.ParseAddress(s.From); err != nil {
		return nil, fmt.Errorf("mail: the sender: %w", err)
	}
	if sender.from.Name == "" {
		sender.from.Name = sender.settings.Branding.Name
	}
	apply, err := sender.Renewal(s.URL, s.Password)
	if err != nil {
		return nil, err
	}
	apply()
	if sender.languages, err = readTemplates(files); err != nil {
		return nil, err
	}
	for _, one := range sender.languages {
		one.places = s.Places
	}
	return sender, nil
}

// server reads the URL. Errors name no part of it: it holds a password.
func server(s Settings) (string, []smtp.Option, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return "", nil, errors.New("mail: the server must be smtp://host:port or smtps://host:port")
	}
	opts := []smtp.Option{smtp.WithTimeout(sendTimeout), smtp.WithoutNoop()}
	port := 0
	switch u.Scheme {
	case "smtps":
		port, opts = 465, append(opts, smtp.WithSSL())
	case "smtp":
		policy, ok := map[string]smtp.TLSPolicy{"": smtp.TLSMandatory, "starttls": smtp.TLSMandatory, "none": smtp.NoTLS}[u.Query().Get("tls")]
		if !ok {
			return "", nil, errors.New("mail: tls is starttls or none")
		}
		if ip, err := netip.ParseAddr(u.Hostname()); u.Query().Get("tls") == "" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback()) {
			policy = smtp.NoTLS
		}
		port, opts = 587, append(opts, smtp.WithTLSPolicy(policy))
	default:
		return "", nil, errors.New("mail: the server must begin with smtp:// or smtps://")
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return "", nil, errors.New("mail: the port of the server is no number")
		}
	}
	opts = append(opts, smtp.WithPort(port))
	if user := u.User.Username(); user != "" {
		password, _ := u.User.Password()
		if s.Password != "" {
			password = s.Password
		}
		opts = append(opts, smtp.WithSMTPAuth(smtp.SMTPAuthAutoDiscover), smtp.WithUsername(user), smtp.WithPassword(password))
	}
	if s.TLS != nil {
		opts = append(opts, smtp.WithTLSConfig(s.TLS))
	}
	return u.Hostname(), opts, nil
}

// Send delivers one email to the mail server. The error may name the address:
// it is for retrying, not for the log (see Reason).
func (s *Sender) Send(ctx context.Context, e authserver.EmailMessage) error {
	m, err := s.message(e)
	if err != nil {
		return err
	}
	to := s.server.Load()
	client, err := smtp.NewClient(to.host, to.options...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("mail: send: %w", err)
	}
	return nil
}

// Check speaks to the mail server as for an email, up to the sign-in, and sends
// none.
func (s *Sender) Check(ctx context.Context) error {
	to := s.server.Load()
	client, err := smtp.NewClient(to.host, to.options...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	_ = client.Close() // it has answered
	return nil
}

// language is the one that e is written in: its own, or English where that has no
// text of this kind.
func (s *Sender) language(e authserver.EmailMessage) (*language, error) {
	for _, code := range []string{e.Language, fallback} {
		if l := s.languages[code]; l != nil {
			if _, ok := l.texts[e.Kind]; ok {
				return l, nil
			}
		}
	}
	return nil, fmt.Errorf("mail: no text %q", e.Kind)
}

func (s *Sender) message(e authserver.EmailMessage) (*smtp.Msg, error) {
	l, err := s.language(e)
	if err != nil {
		return nil, err
	}
	text := l.texts[e.Kind]
	c := l.contents(e, s.host, s.url(e.Path))
	m := smtp.NewMsg(smtp.WithNoDefaultUserAgent())
	m.FromMailAddress(s.from)
	if err := m.To(e.To); err != nil {
		return nil, fmt.Errorf("mail: recipient: %w", err)
	}
	m.Subject(text.subject)
	m.SetDateWithValue(s.settings.Now())
	m.SetMessageID()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader("Content-Language", l.code)
	foot := footer{fmt.Sprintf(l.words["footer"], s.settings.Branding.Name, s.host), l.words["support"], s.settings.Branding.Links.Support}
	m.SetBodyString(smtp.TypeTextPlain, text.text(c)+foot.text())
	m.AddAlternativeString(smtp.TypeTextHTML, text.html(l, c, s.settings.Branding.Name, s.style, foot))
	return m, nil
}

func (s *Sender) url(path string) string {
	if path == "" {
		return ""
	}
	return strings.TrimRight(s.settings.Issuer, "/") + path
}

// Reason says why an email was not sent without naming anybody: mail servers
// repeat the address in their answers.
func Reason(err error) string {
	if failed, ok := errors.AsType[*smtp.SendError](err); ok {
		return fmt.Sprintf("mail server refused: %s, code %d", failed.Reason, failed.ErrorCode())
	}
	return "mail server could not be reached"
}
