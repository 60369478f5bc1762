package config

import (
	"errors"
	"net/mail"
	"net/url"
)

// Mail is how emails are sent. Without a server none are, and the operator
// hands links over.
type Mail struct {
	SMTPURL      string `env:"AUTH_SMTP_URL"`      // smtp://user@host:587 (STARTTLS) or smtps://user@host:465; ?tls=none sends in the clear
	SMTPPassword string `env:"AUTH_SMTP_PASSWORD"` // in the place of one in the URL
	SMTPFrom     string `env:"AUTH_SMTP_FROM"`     // "Latchkey <noreply@example.com>"
}

// check names no value: the URL may hold a password.
func (m *Mail) check() error {
	if m.SMTPURL == "" {
		if m.SMTPFrom != "" || m.SMTPPassword != "" {
			return errors.New("AUTH_SMTP_FROM and AUTH_SMTP_PASSWORD need AUTH_SMTP_URL")
		}
		return nil
	}
	var errs []error
	u, err := url.Parse(m.SMTPURL)
	if err != nil || u.Host == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		errs = append(errs, errors.New("AUTH_SMTP_URL must be smtp://host:port or smtps://host:port"))
	}
	if _, err := mail.ParseAddress(m.SMTPFrom); err != nil {
		errs = append(errs, errors.New("AUTH_SMTP_FROM must be an email address, such as Latchkey <noreply@example.com>"))
	}
	return errors.Join(errs...)
}
