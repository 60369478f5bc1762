package deviceflow_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/deviceflow"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// world is the flow on a fresh database, with the client "tv" and somebody who is
// signed in.
type world struct {
	*storetest.Harness
	*deviceflow.Service
	in *authserver.Signin
	tv *authserver.Client
}

func eachEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) {
		grants := grant.New(grant.Dependencies{
			Store: h.Store, Events: h.Events(), Logger: slog.New(slog.DiscardHandler), Now: h.Now,
			Settings: grant.Settings{CodeLifetime: time.Minute, AccessLifetime: time.Hour, RefreshLifetime: time.Hour, RetryWindow: time.Minute},
		})
		fn(&world{
			Harness: h, Service: &deviceflow.Service{Store: h.Store, Grants: grants, Logger: slog.New(slog.DiscardHandler), Now: h.Now},
			in: h.Signin(h.Person()), tv: h.AddClient("tv", func(c *authserver.Client) { c.DeviceGrant = true }),
		})
	})
}

func (w *world) begin() deviceflow.Codes {
	w.Helper()
	codes, err := w.Begin(w.Context(), "tv", scope.All, "", "192.0.2.1")
	if err != nil {
		w.Fatal(err)
	}
	return codes
}

func (w *world) find(userCode string) *authserver.DeviceRequest {
	w.Helper()
	r, err := w.Find(w.Context(), userCode)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) poll(codes deviceflow.Codes) error {
	_, err := w.Poll(w.Context(), "tv", codes.Device.Reveal(), "")
	return err
}

func (w *world) wantPoll(what string, codes deviceflow.Codes, want error) {
	w.Helper()
	if err := w.poll(codes); !errors.Is(err, want) {
		w.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestADeviceIsAllowed(t *testing.T) {
	eachEngine(t, func(w *world) {
		codes := w.begin()
		if len(codes.User) != 9 || codes.User[4] != '-' || strings.ContainsAny(codes.User, "AEIOUY01") {
			w.Errorf("%q", codes.User)
		}
		w.wantPoll("nobody has decided", codes, deviceflow.ErrPending)
		typed := strings.ToLower(strings.Replace(codes.User, "-", " ", 1)) + "."
		r := w.find(typed)
		if r.ClientID != "tv" || r.Address != "192.0.2.1" || r.Scopes != scope.All {
			w.Errorf("%+v", r)
		}
		_, err := w.Find(w.Context(), "BBBB-BBBB")
		w.Want("no such code", err, fault.NotFound)
		if err := w.Decide(w.Context(), w.in, r, w.tv, true); err != nil {
			w.Fatal(err)
		}
		w.Want("twice", w.Decide(w.Context(), w.in, r, w.tv, false), fault.NotFound)
		_, err = w.Find(w.Context(), codes.User)
		w.Want("a code that was used", err, fault.NotFound)
		for what, err := range map[string]error{
			"another client": func() error { _, err := w.Poll(w.Context(), "phone", codes.Device.Reveal(), ""); return err }(),
			"no code":        func() error { _, err := w.Poll(w.Context(), "tv", "x", ""); return err }(),
			"a code unknown": func() error {
				_, err := w.Poll(w.Context(), "tv", secret.New(secret.DeviceCode).Reveal(), "")
				return err
			}(),
		} {
			if !errors.Is(err, deviceflow.ErrExpired) {
				w.Errorf("%s: %v", what, err)
			}
		}
		tokens, err := w.Poll(w.Context(), "tv", codes.Device.Reveal(), "")
		if err != nil || tokens.Scopes != scope.All {
			w.Fatalf("%+v, %v", tokens, err)
		}
		if c, err := w.Grants.Lookup(w.Context(), tokens.AccessToken); err != nil || c.UserID != w.in.User.ID || !c.Active(w.Harness.Now()) {
			w.Errorf("%+v, %v", c, err)
		}
	})
}

func TestADeviceIsRefusedOrTooLate(t *testing.T) {
	eachEngine(t, func(w *world) {
		refused, late := w.begin(), w.begin()
		if err := w.Decide(w.Context(), w.in, w.find(refused.User), w.tv, false); err != nil {
			w.Fatal(err)
		}
		w.wantPoll("refused", refused, deviceflow.ErrDenied)
		waits := w.find(late.User)
		w.Pass(deviceflow.Life)
		w.wantPoll("too late", late, deviceflow.ErrExpired)
		_, err := w.Find(w.Context(), late.User)
		w.Want("a code that has expired", err, fault.NotFound)
		w.Want("a page that was open meanwhile", w.Decide(w.Context(), w.in, waits, w.tv, true), fault.NotFound)
		if n := w.Count(`SELECT count(*) FROM grants`); n != 0 {
			w.Errorf("%d grants", n)
		}
	})
}

func TestADeviceThatAsksTooOften(t *testing.T) {
	eachEngine(t, func(w *world) {
		codes := w.begin()
		w.wantPoll("first", codes, deviceflow.ErrPending)
		w.Pass(4 * time.Second)
		w.wantPoll("too soon", codes, deviceflow.ErrSlowDown)
		w.Pass(time.Second)
		w.wantPoll("after the interval", codes, deviceflow.ErrPending)
		w.Pass(9 * time.Second)
		w.wantPoll("the interval has grown", codes, deviceflow.ErrSlowDown)
		w.Pass(time.Second)
		w.wantPoll("after the longer one", codes, deviceflow.ErrPending)
		w.Pass(time.Minute)
		admitted := storetest.Race(8, func(int) bool {
			err := w.poll(codes)
			if !errors.Is(err, deviceflow.ErrPending) && !errors.Is(err, deviceflow.ErrSlowDown) {
				w.Error(err)
			}
			return errors.Is(err, deviceflow.ErrPending)
		})
		if admitted != 1 {
			w.Errorf("%d of 8 at once were admitted", admitted)
		}
	})
}

// One decision counts, and one request gets the tokens.
func TestDevicesRace(t *testing.T) {
	eachEngine(t, func(w *world) {
		codes := w.begin()
		r := w.find(codes.User)
		if n := storetest.Race(6, func(i int) bool { return w.Decide(w.Context(), w.in, r, w.tv, i%2 == 0) == nil }); n != 1 {
			w.Errorf("%d decisions", n)
		}
		allowed := w.Count(`SELECT count(*) FROM grants`)
		if err := w.poll(codes); (err == nil) != (allowed == 1) || err != nil && !errors.Is(err, deviceflow.ErrDenied) {
			w.Errorf("%d grants: %v", allowed, err)
		}
		codes = w.begin()
		if err := w.Decide(w.Context(), w.in, w.find(codes.User), w.tv, true); err != nil {
			w.Fatal(err)
		}
		if n := storetest.Race(8, func(int) bool { return w.poll(codes) == nil }); n != 1 {
			w.Errorf("tokens were given %d times", n)
		}
	})
}

// Whoever may not allow anything any more allows no device.
func TestNobodyIsThereToAllow(t *testing.T) {
	for what, end := range map[string]string{
		"signed out":      `UPDATE signins SET ended_at = created_at`,
		"deactivated":     `UPDATE users SET deactivated_at = created_at`,
		"client disabled": `UPDATE clients SET disabled_at = created_at`,
	} {
		t.Run(what, func(t *testing.T) {
			eachEngine(t, func(w *world) {
				codes := w.begin()
				r := w.find(codes.User)
				w.Exec(end)
				if err := w.Decide(w.Context(), w.in, r, w.tv, true); !errors.Is(err, grant.ErrNoParent) {
					w.Errorf("%v", err)
				}
				w.wantPoll("not decided", codes, deviceflow.ErrPending)
			})
		})
	}
}
