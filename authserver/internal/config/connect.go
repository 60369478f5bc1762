package config

import (
	"errors"
	"fmt"
	"net/netip"

	"latchkey/authserver"
)

// Connect is how clients may introduce themselves.
type Connect struct {
	Registration         string   `env:"AUTH_REGISTRATION" envDefault:"closed"`                 // open, token or closed (RFC 7591)
	ThrottleRegistration Throttle `env:"AUTH_THROTTLE_REGISTRATION" envDefault:"20/1m,200/24h"` // registrations per client address
	PrivateSchemes       []string `env:"AUTH_PRIVATE_SCHEMES"`                                  // schemes without a dot that redirect URIs may have

	Documents        string   `env:"AUTH_CLIENT_DOCUMENTS" envDefault:"on"` // on or off: client ids that are addresses of metadata
	DocumentNetworks []string `env:"AUTH_CLIENT_DOCUMENT_NETWORKS"`         // networks that are not public, where documents may be
}

func (c *Connect) check() error {
	var errs []error
	if c.Registration != "open" && c.Registration != "token" && c.Registration != "closed" {
		errs = append(errs, errors.New("AUTH_REGISTRATION must be open, token or closed"))
	}
	if c.Documents != "on" && c.Documents != "off" {
		errs = append(errs, errors.New("AUTH_CLIENT_DOCUMENTS must be on or off"))
	}
	for _, scheme := range c.PrivateSchemes {
		if err := authserver.CheckPrivateScheme(scheme); err != nil {
			errs = append(errs, fmt.Errorf("AUTH_PRIVATE_SCHEMES: %w", err))
		}
	}
	for _, network := range c.DocumentNetworks {
		if _, err := netip.ParsePrefix(network); err != nil {
			errs = append(errs, fmt.Errorf("AUTH_CLIENT_DOCUMENT_NETWORKS: %q is no CIDR range such as 10.0.0.0/8", network))
		}
	}
	return errors.Join(errs...)
}
