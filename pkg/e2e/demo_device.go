package e2e

import (
	"context"
	"fmt"
	"image/color"
	"net/http"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"

	"latchkey/pkg/testenv/actor"
)

// device plays a program without a browser (RFC 8628): it shows a code, and the same
// as a picture, and waits.
func (d *Demo) device(ctx context.Context) error {
	client, err := d.Stack.NewClient(ctx, "--name", "Kitchen display", "--public", "--device", "--redirect-uri", "http://127.0.0.1/unused")
	if err != nil {
		return err
	}
	app := &actor.App{Issuer: d.Stack.Auth.URL, Client: client}
	answer, err := app.Form(ctx, "/oauth/device_authorization", url.Values{"scope": {"read"}})
	if err != nil {
		return err
	}
	if err := want(answer, http.StatusOK, nil); err != nil {
		return err
	}
	picture, err := inTerminal(answer.Text("verification_uri_complete"))
	if err != nil {
		return err
	}
	d.say("A display in the kitchen has no browser. It shows a code, and a picture to scan.", "%s, at %s, or:\n\n%s",
		answer.Text("user_code"), answer.Text("verification_uri"), picture)
	if err := d.approveDevice(ctx, answer.Text("verification_uri_complete")); err != nil {
		return err
	}
	tokens, err := app.Token(ctx, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {answer.Text("device_code")},
	})
	if err != nil {
		return err
	}
	_, err = pairOf(tokens)
	return err
}

// approveDevice is what the person does who has scanned the picture.
func (d *Demo) approveDevice(ctx context.Context, address string) error {
	page, err := d.person.Open(ctx, address)
	if err != nil {
		return err
	}
	form, err := page.Form("user_code")
	if err != nil {
		return err
	}
	if page, err = d.person.Browser.Submit(ctx, page, form, "", ""); err != nil {
		return err
	}
	if form, err = page.Form("decision"); err != nil {
		return err
	}
	if page, err = d.person.Browser.Submit(ctx, page, form, "decision", actor.Allow); err != nil {
		return err
	}
	if page.Status != http.StatusOK {
		return fmt.Errorf("allowing the device answered %d: %.300s", page.Status, page.Text())
	}
	d.say("The person finds the code filled in, goes on, compares it, and allows the display.", "Its next question is answered with tokens.")
	return nil
}

// inTerminal draws text as a QR code of half blocks, two modules above each other, with
// the border that readers need (ISO/IEC 18004).
func inTerminal(text string) (string, error) {
	code, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("e2e: QR code: %w", err)
	}
	const border = 4
	size := code.Bounds().Dx()
	dark := func(x, y int) bool {
		return x >= 0 && y >= 0 && x < size && y < size && code.At(x, y) == color.Black
	}
	var out strings.Builder
	for y := -border; y < size+border; y += 2 {
		out.WriteString("    \x1b[30;107m")
		for x := -border; x < size+border; x++ {
			out.WriteString(map[[2]bool]string{{false, false}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"}[[2]bool{dark(x, y), dark(x, y+1)}])
		}
		out.WriteString("\x1b[0m\n")
	}
	return out.String(), nil
}
