package main

import (
	"context"
	"fmt"
	"strings"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/mail"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/cli"
)

// recovery builds how people get their account back.
func (p *parts) recovery(people *account.Service) (*account.Recovery, error) {
	r := &account.Recovery{People: people, Links: p.store, Reason: mail.Reason}
	if p.cfg.SMTPURL == "" {
		return r, nil
	}
	sender, err := mail.New(mail.Settings{
		URL: p.cfg.SMTPURL, Password: p.cfg.SMTPPassword, From: p.cfg.SMTPFrom, Issuer: p.cfg.Issuer, Branding: p.cfg.Branding, Places: p.places, Now: now,
	})
	if err != nil {
		return nil, fmt.Errorf("AUTH_SMTP_URL: %w", err)
	}
	r.Mail, p.sender = sender, sender
	return r, nil
}

// ownPages gives the pages what they need for lost passwords, consents and
// registered clients. It returns the workers that must run beside the pages.
func (p *parts) ownPages(d *web.Dependencies) ([]worker, error) {
	recovery, err := p.recovery(d.People)
	if err != nil {
		return nil, err
	}
	d.Recovery, d.Clients = recovery, p.registration
	d.Consents = &consent.Service{Store: p.store, Grants: p.grants, Events: p.events, Now: now}
	p.operatorPages(d)
	return []worker{recovery.Run}, nil
}

func userResetLink(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver user reset-link")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		people, err := p.people()
		if err != nil {
			return err
		}
		recovery := &account.Recovery{People: people, Links: p.store}
		path, err := recovery.ResetLink(ctx, rest[0])
		if err != nil {
			return err
		}
		link := strings.TrimRight(p.cfg.Issuer, "/") + path
		if *asJSON {
			return cli.PrintJSON(map[string]any{"url": link, "expires_in": int(recovery.LinkLife().Seconds())})
		}
		fmt.Println(link)
		return nil
	})
}
