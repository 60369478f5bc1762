package main

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver/internal/config"
	"latchkey/authserver/internal/household"
	"latchkey/authserver/internal/mail"
	"latchkey/pkg/branding"
	"latchkey/pkg/doctor"
	"latchkey/pkg/httpserver"
)

var doctorCommand = doctor.Command("authserver", time.Now, examine)

// examine asks everything that this service stands on.
func examine(ctx context.Context, r *doctor.Report) {
	cfg, err := readSettings()
	if err != nil {
		r.FailSettings(err)
		return
	}
	r.CheckNames(cfg.Unknown)
	if !r.CheckFile("authserver", "AUTH_DATABASE_URL", cfg.DatabaseURL) {
		return
	}
	p, err := assemble(ctx, false)
	if err != nil {
		r.Fail("database", "%v.", err)
		return
	}
	defer p.close()
	answers := r.CheckDatabase(ctx, p.db, doctor.Database{
		Program: "authserver", Setting: "AUTH_DATABASE_URL", Migrates: cfg.Migrate,
		Compatible: p.store.CheckCompatible, Migrations: p.store.Migrations,
	})
	if answers {
		p.examineRole(ctx, r)
		p.examineKey(ctx, r)
	}
	shared := r.CheckRedis(ctx, "AUTH_REDIS_URL", cfg.RedisURL, p.cache)
	r.CheckIssuer(ctx, "AUTH_ISSUER", cfg.Issuer)
	if shared && doctor.Reachable(ctx, cfg.APIURL+"/.well-known/oauth-protected-resource") {
		r.CheckShared(ctx, p.cache, "resourceapi", cfg.Issuer)
	}
	r.CheckCookies(ctx, cfg.Issuer)
	examineBranding(ctx, r, cfg.Branding)
	examineEmails(ctx, r, cfg)
	proxies, err := httpserver.ParsePrefixes(cfg.TrustedProxies)
	if err != nil {
		r.Fail("proxies", "AUTH_TRUSTED_PROXIES: %v.", err)
	} else {
		r.CheckProxies("AUTH_TRUSTED_PROXIES", cfg.Issuer, proxies)
	}
	examineErasure(ctx, r, cfg)
}

func (p *parts) examineRole(ctx context.Context, r *doctor.Report) {
	const check = "role"
	switch may, err := p.db.Privileges(ctx); {
	case err != nil:
		r.Fail(check, "The database does not say what its role may do. %v", err)
	case may.Superuser:
		r.Warn(check, "AUTH_DATABASE_URL names a superuser: a role that owns this database alone is enough (deploy/postgres/init.sh).")
	default:
		r.OK(check, "The database role is an ordinary one.")
	}
}

// examineKey compares the encryption key with the proof of the first use, if there
// is one.
func (p *parts) examineKey(ctx context.Context, r *doctor.Report) {
	const check = "encryption key"
	people, err := p.people()
	if err != nil {
		r.Fail(check, "%v.", err)
		return
	}
	switch err := people.CheckKey(ctx); {
	case err != nil:
		r.Fail(check, "%v.", err)
	case !people.CanSeal():
		r.Warn(check, "There is no AUTH_ENCRYPTION_KEY, so no second factor can be set up: authserver encryption-key new prints one.")
	default:
		r.OK(check, "The encryption key is the one of this database.")
	}
}

// examineBranding follows the links at the foot of pages. Colours and pictures that people
// could not see are refused with the settings.
func examineBranding(ctx context.Context, r *doctor.Report, look branding.Branding) {
	const check = "face"
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for setting, to := range map[string]string{
		"AUTH_TERMS_URL": look.Links.Terms, "AUTH_PRIVACY_URL": look.Links.Privacy, "AUTH_SUPPORT_URL": look.Links.Support,
	} {
		if strings.HasPrefix(to, "http") && !doctor.Reachable(ctx, to) {
			r.Warn(check, "%s leads to a page that does not answer from here.", setting)
			return
		}
	}
	r.OK(check, "People see the name %s, in colours that can be read.", look.Name)
}

// examineEmails speaks to the mail server as for an email, and sends none.
func examineEmails(ctx context.Context, r *doctor.Report, cfg config.Config) {
	const check = "letters"
	if cfg.SMTPURL == "" {
		r.Warn(check, "AUTH_SMTP_URL is not set: no emails are sent, and authserver user reset-link prints the links.")
		return
	}
	sender, err := mail.New(mail.Settings{
		URL: cfg.SMTPURL, Password: cfg.SMTPPassword, From: cfg.SMTPFrom, Issuer: cfg.Issuer, Branding: cfg.Branding, Now: now,
	})
	if err != nil {
		r.Fail(check, "AUTH_SMTP_URL: %v.", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		r.Fail(check, "The mail server takes no emails from here: correct AUTH_SMTP_URL, its user and AUTH_SMTP_PASSWORD, or start it. %v", err)
		return
	}
	r.OK(check, "The mail server greets, and takes the user and the password.")
}

// examineErasure asks for the data of a family that there is not to be erased.
func examineErasure(ctx context.Context, r *doctor.Report, cfg config.Config) {
	const check = "erasure"
	if cfg.ErasureURL == "" {
		r.Fail(check, "The data of deleted families stays for ever: set AUTH_ERASURE_URL to the address of resourceapi, and "+
			"AUTH_ERASURE_SECRET and API_ERASURE_SECRET to one secret.")
		return
	}
	client, err := household.New(cfg.ErasureURL, cfg.ErasureSecret)
	if err != nil {
		r.Fail(check, "AUTH_ERASURE_URL: %v.", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	switch err := client.EraseFamily(ctx, uuid.NewString()); {
	case err == nil:
		r.OK(check, "resourceapi erases what authserver tells it to.")
	case strings.HasSuffix(err.Error(), "answered 401"):
		r.Fail(check, "resourceapi refuses to erase: AUTH_ERASURE_SECRET is not its API_ERASURE_SECRET.")
	case strings.HasSuffix(err.Error(), "answered 404"):
		r.Fail(check, "Nobody erases at AUTH_ERASURE_URL: set API_ERASURE_SECRET at resourceapi, and name resourceapi itself, past a proxy that hides /internal.")
	default:
		r.Fail(check, "resourceapi does not erase: start it, or correct AUTH_ERASURE_URL. %v", err)
	}
}
