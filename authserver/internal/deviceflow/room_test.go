package deviceflow_test

import (
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// TestOnlyWhoWaitsTakesRoom: what was decided or has expired is still in the table for
// a while, and keeps nobody out.
func TestOnlyWhoWaitsTakesRoom(t *testing.T) {
	eachEngine(t, func(w *world) {
		create := func(want bool) (r authserver.DeviceRequest) {
			w.Helper()
			code, now := secret.New(secret.DeviceCode), w.Harness.Now()
			r = authserver.DeviceRequest{
				Digest: code.Digest(), UserCode: secret.DigestOf(code.Reveal()), ClientID: w.tv.ID, Scopes: scope.Read, Address: "127.0.0.1",
				CreatedAt: now, ExpiresAt: now.Add(time.Minute), Interval: 5,
			}
			if stored, err := w.Harness.Store.CreateDeviceRequest(w.Context(), r, 1); err != nil || stored != want {
				w.Errorf("stored: %t, %v", stored, err)
			}
			return r
		}
		first := create(true)
		create(false)
		if decided, err := w.Harness.Store.DecideDeviceRequest(w.Context(), first.Digest, authserver.DeviceDenied, w.Harness.Now()); err != nil || !decided {
			w.Fatalf("decided: %t, %v", decided, err)
		}
		create(true)
		create(false)
		w.Pass(2 * time.Minute)
		create(true)

		push := func(want bool) {
			w.Helper()
			now := w.Harness.Now()
			kept, err := w.Harness.Store.KeepRequest(w.Context(), authserver.AuthorizationRequest{
				Digest: secret.New(secret.DeviceCode).Digest(), ClientID: w.tv.ID, Pushed: true, CreatedAt: now, ExpiresAt: now.Add(time.Minute),
			}, true, 1)
			if err != nil || kept != want {
				w.Errorf("kept: %t, %v", kept, err)
			}
		}
		push(true)
		push(false)
		w.Pass(2 * time.Minute)
		push(true)
	})
}
