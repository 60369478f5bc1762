package page

import (
	"net/url"
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
	Asked   Ability
	Address string // that the device asked from
	Here    bool   // it is the address of the person's browser
	AskedAt time.Time
	EndsAt  time.Time
}

// NewDeviceView shows what waits with code to the person of in, whose browser is at
// address. For days a closed account can be restored.
func NewDeviceView(in *authserver.Signin, r *authserver.DeviceRequest, c *authserver.Client, code, address string, days int) DeviceView {
	d := DeviceView{
		Code: code, Name: PlainName(c.Name), Operator: c.Vouched(), Verified: c.Verified(), Terms: authserver.TermsDigest(c),
		Own:   c.OwnerID != "" && c.OwnerID == in.User.ID,
		Asked: NewAbility(strongest(r.Scopes), &in.User, days), Address: r.Address, Here: r.Address == address, AskedAt: r.CreatedAt, EndsAt: r.ExpiresAt,
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

// unchecked reports whether nobody on this server has looked at who made it.
func (d DeviceView) unchecked() bool { return !d.Operator && !d.Own && !d.Verified }

// other signs the person out and leads back to the code.
func (d DeviceView) other() string {
	return WithReturn("/signout", "/device?"+url.Values{"user_code": {d.Code}}.Encode())
}

// left is how long the code is good for.
func (v *View) left(d DeviceView) (string, error) {
	if minutes := int(d.EndsAt.Sub(v.Now) / time.Minute); minutes > 0 {
		return v.t("device.left", minutes)
	}
	return v.t("device.left.short")
}

func (v *View) deviceCode() field {
	f := v.field("user_code", "text", "one-time-code")
	f.Label, f.Required, f.Autofocus = "device.code", true, true
	return f
}
