package e2e

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"time"

	"latchkey/pkg/testenv/actor"
)

var (
	setupKey     = regexp.MustCompile(`\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b`)
	recoveryCode = regexp.MustCompile(`\b[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}\b`)
)

// secondFactor sets up a second factor and returns the recovery codes.
func (w *world) secondFactor(p *actor.Person) []string {
	w.t.Helper()
	_, codes := w.authenticator(p)
	return codes
}

// authenticator sets up a second factor and returns what an authenticator app keeps
// of it, and the recovery codes.
func (w *world) authenticator(p *actor.Person) (key []byte, codes []string) {
	w.t.Helper()
	page := w.page(p, "/settings/second-factor")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(setupKey.FindString(page.Text()), " ", ""))
	if err != nil || len(key) == 0 {
		w.t.Fatalf("no key to set up: %v %s", err, page.Text())
	}
	page = w.submit(p, page, map[string]string{"otp_code": totp(key, time.Now())})
	codes = recoveryCode.FindAllString(page.Text(), -1)
	if len(codes) == 0 {
		w.t.Fatalf("no recovery codes: %d %s", page.Status, page.Text())
	}
	return key, codes
}

// totp is what an authenticator app shows (RFC 6238).
func totp(key []byte, at time.Time) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, uint64(at.Unix()/30)) //nolint:gosec // after 1970
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1000000)
}
