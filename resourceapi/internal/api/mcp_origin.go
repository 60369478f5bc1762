package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"latchkey/pkg/fault"
)

var errRebound = fault.New(fault.Forbidden, "This is not the name of the API")

// rebound reports whether a page in a browser reached this server by a name of the
// page's own site, which somebody made point here (DNS rebinding). Pages of other
// origins are no danger: they bring their own credential.
func (a *API) rebound(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" || !strings.EqualFold(origin.Host, r.Host) {
		return false
	}
	name := strings.ToLower(origin.Hostname())
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" {
		return false // nobody makes an address point elsewhere
	}
	own, err := url.Parse(a.Resource)
	return err != nil || !strings.EqualFold(own.Hostname(), name)
}
