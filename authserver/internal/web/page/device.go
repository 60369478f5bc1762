package page

import (
	"time"

	"latchkey/authserver"
)

// DeviceView is the data of DeviceConsentPage.
type DeviceView struct {
	Code     string // as it was typed
	Name     string // that leads; empty: nothing is known of the program
	Claimed  string // the name it gave itself; empty: somebody registered it
	Operator bool
	Own      bool
	Verified bool // an operator has checked who stands behind it
	Emblem
	Terms   string
	Scopes  []string
	Address string // that the device asked from
	Here    bool   // it is the address of the person's browser
	AskedAt time.Time
}

// NewDeviceView shows what waits with code to somebody whose browser is at address.
func NewDeviceView(r *authserver.DeviceRequest, c *authserver.Client, code, address string) DeviceView {
	d := DeviceView{
		Code: code, Name: PlainName(c.Name), Operator: c.Vouched(), Verified: c.Verified(), Terms: authserver.TermsDigest(c), Scopes: strongest(r.Scopes),
		Address: r.Address, Here: r.Address == address, AskedAt: r.CreatedAt,
	}
	if c.Introduced != "" {
		uri := ""
		if len(c.RedirectURIs) > 0 {
			uri = c.RedirectURIs[0]
		}
		d.Claimed, d.Name = d.Name, introducedAs(c, uri)
	}
	d.Emblem = shownEmblem(c, d.Name)
	return d
}

func (v *View) deviceLead(d DeviceView) (string, error) {
	if d.Name == "" {
		return v.t("device.unknown")
	}
	return d.Name, nil
}

func (v *View) deviceCode() field {
	f := v.field("user_code", "text", "one-time-code")
	f.Label, f.Required, f.Autofocus = "device.code", true, true
	return f
}
