package account_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
)

func TestDevices(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		first := w.device(ada)
		second := w.device(ada)
		if w.opens(first.AccessToken) || !w.opens(second.AccessToken) {
			w.Error("a device that signs in again has two grants")
		}
		devices, err := w.People.Devices(w.Context(), ada.ID)
		if err != nil || len(devices) != 1 {
			w.Fatalf("%+v, %v", devices, err)
		}
		if id, err := w.People.DeviceOfGrant(w.Context(), second.GrantID); err != nil || id != devices[0].ID {
			w.Errorf("%s, %v", id, err)
		}
		_, _, err = w.People.SignInOnDevice(w.Context(), ada.Email, another, "", phone(), home)
		w.Want("a wrong password", err, fault.Unauthenticated)
		_, _, err = w.People.SignInOnDevice(w.Context(), ada.Email, password, "", authserver.Device{}, home)
		w.Want("no device", err, fault.Malformed)
		if !w.opens(second.AccessToken) {
			w.Error("a refused sign-in ended the grant")
		}
		for what, id := range map[string]string{"no id": "x", "nobody's": uuid.NewString()} {
			w.Want(what, w.People.RevokeDevice(w.Context(), ada.ID, id), fault.NotFound)
		}
		eve := w.join("eve@example.com", "")
		w.Want("another's", w.People.RevokeDevice(w.Context(), eve.ID, devices[0].ID), fault.NotFound)
		w.must(w.People.RevokeDevice(w.Context(), ada.ID, devices[0].ID))
		w.Want("twice", w.People.RevokeDevice(w.Context(), ada.ID, devices[0].ID), fault.NotFound)
		w.wantEvent(authserver.EventDeviceRevoked, ada)
		if w.opens(second.AccessToken) {
			w.Error("the device goes on")
		}
		third := w.device(ada)
		w.must(w.People.EndGrant(w.Context(), eve.ID, third.GrantID)) // not hers
		if !w.opens(third.AccessToken) {
			w.Error("somebody ended another's grant")
		}
		w.must(w.People.EndGrant(w.Context(), ada.ID, third.GrantID))
		if w.opens(third.AccessToken) {
			w.Error("the grant goes on")
		}
	})
}

// Of parallel sign-ins of one device one grant is left.
func TestOneDeviceSignsInAtOnce(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		storetest.Race(6, func(int) bool {
			_, _, err := w.People.SignInOnDevice(w.Context(), ada.Email, password, "", phone(), home)
			if err != nil {
				w.Error(err)
			}
			return err == nil
		})
		if n := w.Count(`SELECT count(*) FROM grants WHERE ended_at IS NULL`); n != 1 {
			w.Errorf("%d grants of one device", n)
		}
		if n := w.Count(`SELECT count(*) FROM devices`); n != 1 {
			w.Errorf("%d rows of one device", n)
		}
	})
}

func TestRefreshOnADevice(t *testing.T) {
	limited := settings(func(s *account.Settings) { s.Throttles.Token = []account.Limit{{Max: 5, Window: time.Minute}} })
	eachEngine(t, limited, func(w *world) {
		ada := w.ada()
		tokens := w.device(ada)
		refresh := func(token, device string) (*authserver.Tokens, error) {
			return w.People.RefreshOnDevice(w.Context(), token, device, home)
		}
		_, err := refresh(tokens.RefreshToken.Reveal(), "phone-2")
		w.Want("another device", err, fault.Unauthenticated)
		w.Pass(10 * time.Second)
		next, err := refresh(tokens.RefreshToken.Reveal(), "phone-1")
		if err != nil || w.opens(tokens.AccessToken) || !w.opens(next.AccessToken) {
			w.Fatal(err)
		}
		if devices, err := w.People.Devices(w.Context(), ada.ID); err != nil || !devices[0].SeenAt.Equal(w.Now()) {
			w.Errorf("%+v, %v", devices, err)
		}
		last, err := refresh(next.RefreshToken.Reveal(), "") // the id may be left out
		if err != nil || !w.opens(last.AccessToken) {
			w.Fatal(err)
		}
		_, err = refresh(tokens.RefreshToken.Reveal(), "")
		w.Want("a spent one", err, fault.Unauthenticated)
		if w.opens(last.AccessToken) {
			w.Error("a spent token came back, and the grant goes on")
		}
		for range 3 {
			_, err = refresh("x", "phone-1")
			w.Want("no token", err, fault.Unauthenticated)
		}
		_, err = refresh("x", "")
		w.Want("one too many", err, fault.RateLimited)
	})
}

func TestAIFeatures(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		_, err := w.People.EnableAI(w.Context(), ada.ID)
		w.Want("an instance without", err, fault.Forbidden)
		w.settings.AIAvailable = true
		with := w.service(w.sealer)
		u, err := with.EnableAI(w.Context(), ada.ID)
		if err != nil || !u.AIEnabled || !with.AIAvailable() || ada.AIEnabled {
			w.Errorf("%+v, %v", u, err)
		}
	})
}
