package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/pkg/testenv/actor"
)

// json sends a request to authserver's JSON API.
func (d *Demo) json(ctx context.Context, method, path, token string, body any) (*actor.Answer, error) {
	return d.app.Call(ctx, method, d.Stack.Auth.URL+path, token, body)
}

func (d *Demo) onDevice(id, name string) map[string]any {
	return map[string]any{"device_id": id, "device_name": name, "device_type": "ios", "os_version": "19.1", "app_version": "2.0"}
}

// logIn signs the person in through the product's own app on a device.
func (d *Demo) logIn(ctx context.Context, id, name string) (Pair, error) {
	body := map[string]any{"email": d.person.Email, "password": d.person.Password, "device": d.onDevice(id, name)}
	answer, err := d.json(ctx, http.MethodPost, "/api/v1/auth/login", "", body)
	if err != nil {
		return Pair{}, err
	}
	return pairOf(answer)
}

func (d *Demo) ownApp(ctx context.Context) error {
	phone, err := d.logIn(ctx, "phone-1", "Ada's phone")
	if err != nil {
		return err
	}
	answer, err := d.json(ctx, http.MethodPost, "/api/v1/auth/refresh", "", map[string]any{"refresh_token": phone.Refresh})
	if err != nil {
		return err
	}
	if d.own, err = pairOf(answer); err != nil {
		return err
	}
	d.say("The product's own app signs the person in on their phone, without a browser, and refreshes.",
		"POST /api/v1/auth/login and /refresh: tokens like any other, bound to the device.")
	return nil
}

func (d *Demo) loseTablet(ctx context.Context) error {
	tablet, err := d.logIn(ctx, "tablet-1", "Ada's tablet")
	if err != nil {
		return err
	}
	if err := d.expectAccounts(ctx, tablet.Access, http.StatusOK); err != nil {
		return err
	}
	answer, err := d.json(ctx, http.MethodGet, "/api/v1/devices", d.own.Access, nil)
	if err != nil {
		return err
	}
	var list struct {
		Devices []struct {
			ID       string `json:"id"`
			DeviceID string `json:"device_id"`
		} `json:"devices"`
	}
	if err := want(answer, http.StatusOK, &list); err != nil {
		return err
	}
	for _, device := range list.Devices {
		if device.DeviceID != "tablet-1" {
			continue
		}
		if answer, err = d.json(ctx, http.MethodDelete, "/api/v1/devices/"+device.ID, d.own.Access, nil); err != nil {
			return err
		}
		if answer.Status/100 != 2 {
			return fmt.Errorf("revoking a device: %s", answer)
		}
	}
	if err := within(ctx, func() error { return d.expectAccounts(ctx, tablet.Access, http.StatusUnauthorized) }); err != nil {
		return fmt.Errorf("the revoked device: %w", err)
	}
	if err := d.expectAccounts(ctx, d.own.Access, http.StatusOK); err != nil {
		return fmt.Errorf("the other device: %w", err)
	}
	d.say("They lose a tablet, and sign it out from the phone.", "%d devices listed; the tablet's tokens are dead, the phone's are not.", len(list.Devices))
	return nil
}

func (d *Demo) backend(ctx context.Context) error {
	body := map[string]any{"api_key": map[string]any{"name": "Nightly report", "scopes": []string{"read"}, "source": "monitoring"}}
	answer, err := d.json(ctx, http.MethodPost, "/api/v1/api_keys", d.own.Access, body)
	if err != nil {
		return err
	}
	var made struct {
		Key  string `json:"key"`
		Tier string `json:"tier"`
	}
	if err := want(answer, http.StatusCreated, &made); err != nil {
		return err
	}
	d.say("A backend service gets an API key.", "%s…, shown this once, scope read, tier %s.", made.Key[:12], made.Tier)

	const most = 1000
	for calls := 1; calls <= most; calls++ {
		header := http.Header{"X-Api-Key": {made.Key}}
		if answer, err = sendTo(ctx, http.MethodGet, d.Stack.API().URL+"/api/v1/accounts", header, ""); err != nil {
			return err
		}
		switch answer.Status {
		case http.StatusOK:
			continue
		case http.StatusTooManyRequests:
			d.say("It works through the night, until it meets the limit of its tier.",
				"%d requests, then 429: %s Retry after %s seconds.", calls-1, answer.Text("message"), answer.Header.Get("Retry-After"))
			return nil
		}
		return fmt.Errorf("request %d with a key: %s", calls, answer)
	}
	return errors.New("an API key should have a limit")
}

func (d *Demo) balanceSheet(ctx context.Context) error {
	var sheet struct {
		Assets      string `json:"assets"`
		Liabilities string `json:"liabilities"`
		NetWorth    string `json:"net_worth"`
		Cents       int64  `json:"net_worth_cents"`
	}
	const spent = -1250
	// Balances are computed in the background, a moment after the transaction.
	patience, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for sheet.Cents != spent {
		answer, err := d.app.Call(patience, http.MethodGet, d.Stack.API().URL+"/api/v1/balance_sheet", d.own.Access, nil)
		if err != nil {
			return fmt.Errorf("the balance sheet says %d cents: %w", sheet.Cents, err)
		}
		if err := want(answer, http.StatusOK, &sheet); err != nil {
			return err
		}
	}
	d.say("And the household's balance sheet, after the coffee:", "assets %s, liabilities %s, net worth %s.", sheet.Assets, sheet.Liabilities, sheet.NetWorth)
	return nil
}
