package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"latchkey/pkg/settings"
)

// SSO is every setting about single sign-on. Each works when unset. The providers
// themselves have settings of their own: see SSOProvider.
type SSO struct {
	Names          []string      `env:"AUTH_SSO_PROVIDERS"`                                             // short names, in the order of the buttons
	Create         string        `env:"AUTH_SSO_CREATE" envDefault:"invited"`                           // never, invited, domains or anyone
	Domains        []string      `env:"AUTH_SSO_DOMAINS"`                                               // of addresses that get an account under domains
	MobileRedirect string        `env:"AUTH_SSO_MOBILE_REDIRECT" envDefault:"sureapp://oauth/callback"` // where apps are told how it went
	Timeout        time.Duration `env:"AUTH_SSO_TIMEOUT" envDefault:"5s"`                               // of one request to a provider

	Providers []SSOProvider // read from names made of Names
}

// SSOProvider is one OpenID provider. For the name google its settings are
// AUTH_SSO_GOOGLE_ISSUER, _CLIENT_ID, _CLIENT_SECRET (or _CLIENT_SECRET_FILE),
// _LABEL and _SCOPES; a dash in a name is an underscore there.
type SSOProvider struct {
	Name         string
	Issuer       string
	ClientID     string
	ClientSecret string
	Label        string
	Scopes       []string
}

var (
	ssoName   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	ssoDomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	appScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)
)

// ssoReserved are names that addresses under /auth have another meaning for.
var ssoReserved = []string{"mobile", "desktop", "finish", "failure", "callback"}

// read reads the settings of each provider.
func (s *SSO) read(environ map[string]string) error {
	var errs []error
	for _, name := range s.Names {
		name = strings.TrimSpace(name)
		if !ssoName.MatchString(name) || slices.Contains(ssoReserved, name) {
			errs = append(errs, fmt.Errorf("AUTH_SSO_PROVIDERS: %q is no name: lower-case letters, digits and dashes, and not %s",
				name, strings.Join(ssoReserved, ", ")))
			continue
		}
		if slices.ContainsFunc(s.Providers, func(p SSOProvider) bool { return p.Name == name }) {
			errs = append(errs, fmt.Errorf("AUTH_SSO_PROVIDERS: %q is there twice", name))
			continue
		}
		prefix := "AUTH_SSO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		value := func(of string) string {
			text, err := settings.Value(prefix+of, environ)
			errs = append(errs, err)
			return text
		}
		p := SSOProvider{
			Name: name, Issuer: value("_ISSUER"), ClientID: value("_CLIENT_ID"), ClientSecret: value("_CLIENT_SECRET"),
			Label:  strings.TrimSpace(value("_LABEL")),
			Scopes: strings.FieldsFunc(value("_SCOPES"), func(r rune) bool { return r == ' ' || r == ',' }),
		}
		if p.Label == "" {
			p.Label = strings.ToUpper(name[:1]) + name[1:]
		}
		s.Providers = append(s.Providers, p)
	}
	return errors.Join(errs...)
}

// Differs names the settings of providers that next has otherwise: secrets, which a
// server takes while it runs, and all others.
func (s *SSO) Differs(next SSO) (secrets, others []string) {
	for _, now := range next.Providers {
		i := slices.IndexFunc(s.Providers, func(p SSOProvider) bool { return p.Name == now.Name })
		if i < 0 {
			continue // AUTH_SSO_PROVIDERS says so
		}
		was, prefix := s.Providers[i], "AUTH_SSO_"+strings.ToUpper(strings.ReplaceAll(now.Name, "-", "_"))
		if was.ClientSecret != now.ClientSecret {
			secrets = append(secrets, prefix+"_CLIENT_SECRET")
		}
		for name, same := range map[string]bool{
			"_ISSUER": was.Issuer == now.Issuer, "_CLIENT_ID": was.ClientID == now.ClientID,
			"_LABEL": was.Label == now.Label, "_SCOPES": slices.Equal(was.Scopes, now.Scopes),
		} {
			if !same {
				others = append(others, prefix+name)
			}
		}
	}
	slices.Sort(others)
	return secrets, others
}

// check complains about everything at once. secure: this server is behind https,
// so a provider must be too, but for one on this machine.
func (s *SSO) check(secure bool) error {
	var errs []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	switch s.Create {
	case "never", "invited", "anyone":
	case "domains":
		complain(len(s.Domains) == 0, "AUTH_SSO_CREATE=domains needs AUTH_SSO_DOMAINS")
	default:
		complain(true, "AUTH_SSO_CREATE must be never, invited, domains or anyone")
	}
	for i, d := range s.Domains {
		s.Domains[i] = strings.ToLower(strings.TrimSpace(d))
		complain(!ssoDomain.MatchString(s.Domains[i]), "AUTH_SSO_DOMAINS: %q is no domain", d)
	}
	complain(s.Timeout <= 0 || s.Timeout > time.Minute, "AUTH_SSO_TIMEOUT must be more than 0s and at most 1m")
	to, err := url.Parse(s.MobileRedirect)
	complain(err != nil || !appScheme.MatchString(to.Scheme) || to.Host == "" && to.Path == "" || to.RawQuery != "" || to.Fragment != "" ||
		to.User != nil || to.Scheme == "http" && !loopback(to.Hostname()) || to.Scheme == "javascript" || to.Scheme == "data",
		"AUTH_SSO_MOBILE_REDIRECT must be an address of the app, without query and fragment")
	for _, p := range s.Providers {
		prefix := "AUTH_SSO_" + strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_"))
		issuer, err := url.Parse(p.Issuer)
		complain(err != nil || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" ||
			issuer.Scheme != "https" && issuer.Scheme != "http", "%s_ISSUER must be the issuer's https URL", prefix)
		complain(err == nil && secure && issuer.Scheme == "http" && !loopback(issuer.Hostname()), "%s_ISSUER must be https", prefix)
		complain(p.ClientID == "", "%s_CLIENT_ID must be set", prefix)
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// isProviders reports whether name is a setting of a provider, whichever there are.
func isProviders(name string) bool {
	return strings.HasPrefix(name, "AUTH_SSO_") && slices.ContainsFunc(
		[]string{"_ISSUER", "_CLIENT_ID", "_CLIENT_SECRET", "_LABEL", "_SCOPES"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}
