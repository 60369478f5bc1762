package authserver

import (
	"crypto/sha256"
	"encoding/base64"
)

// Logo is a picture of a client, drawn by us.
type Logo struct {
	ClientID string
	Sum      string // names it, and says nothing of the client: LogoDigest of PNG
	PNG      []byte
}

// LogoDigest names a picture.
func LogoDigest(png []byte) string {
	sum := sha256.Sum256(png)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ShownLogo names the picture that people see of the client where they decide; empty:
// its initial. A picture persuades: that of a client which the operator did not
// register is shown once an operator has looked at it, and as long as the client is
// what was looked at.
func (c *Client) ShownLogo() string {
	if c.Vouched() || c.Verified() && c.Logo == c.VerifiedLogo {
		return c.Logo
	}
	return ""
}

// LogoWaits reports whether people see the client's picture only after an operator
// has looked at it.
func (c *Client) LogoWaits() bool { return c.Logo != "" && c.ShownLogo() == "" }
