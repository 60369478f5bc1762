package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// made is what somebody at a sign-in does that lets in later, prepared up to the last
// step.
var made = map[string]func(w *world, in *authserver.Signin) func(ctx context.Context) error{
	"a key": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := w.Keys.Create(ctx, in.User.ID, authserver.KeyRequest{Name: "Key", Scopes: []string{"read"}})
			return err
		}
	},
	"another key in the place of one": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		k, _, err := w.Keys.Create(w.Context(), in.User.ID, authserver.KeyRequest{Name: "Key", Scopes: []string{"read"}})
		w.must(err)
		return func(ctx context.Context) error {
			_, err := w.Keys.Rotate(ctx, in.User.ID, k.ID, 0, "")
			return err
		}
	},
	"a second factor": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		setup, err := w.People.BeginSecondFactor(w.Context(), in)
		w.must(err)
		return func(ctx context.Context) error {
			_, err := w.People.ConfirmSecondFactor(ctx, in, w.totp(plain(setup.Key)))
			return err
		}
	},
	"recovery codes": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		key, _ := w.factor(in)
		return func(ctx context.Context) error {
			_, err := w.People.RenewRecoveryCodes(ctx, &in.User, w.totp(key))
			return err
		}
	},
	"no second factor any more": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		key, _ := w.factor(in)
		return func(ctx context.Context) error {
			return w.People.DisableSecondFactor(ctx, in, password, w.totp(key))
		}
	},
	"an invitation": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := w.People.Invite(ctx, &in.User, "bob@example.com", authserver.RoleAdmin, "en")
			return err
		}
	},
	"another address": func(w *world, in *authserver.Signin) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := w.Recovery.RequestEmail(ctx, in, "mallory@example.com", password, "en")
			return err
		}
	},
}

// TestA2WaysInAreMadeByWhoIsStillThere ends a sign-in after its request was let in.
func TestA2WaysInAreMadeByWhoIsStillThere(t *testing.T) {
	for what, prepare := range made {
		t.Run(what, func(t *testing.T) {
			eachEngine(t, settings(silent), func(w *world) {
				for _, ends := range []bool{true, false} {
					ada := w.join(map[bool]string{true: "ada@example.com", false: "eve@example.com"}[ends], "")
					in := w.at(ada, password)
					act := prepare(w, in)
					ctx := authserver.Admitted(w.Context(), authserver.Admission{SigninID: in.ID})
					if ends {
						w.must(w.People.EndOneSignin(w.Context(), ada.ID, in.ID))
					}
					if err := act(ctx); errors.Is(err, authserver.ErrNotAdmitted) != ends || err != nil != ends {
						w.Errorf("ended %v: %v", ends, err)
					}
				}
			})
		})
	}
}

// TestA2AKeyIsMadeByAGrantThatLives is the same for the product's own app.
func TestA2AKeyIsMadeByAGrantThatLives(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		app := w.device(ada)
		c, err := w.Grants.Lookup(w.Context(), app.AccessToken)
		w.must(err)
		ctx := authserver.Admitted(w.Context(), authserver.Admission{GrantID: c.ID})
		create := func(name, source string) error {
			_, _, err := w.Keys.Create(ctx, ada.ID, authserver.KeyRequest{Name: name, Scopes: []string{"read"}, Source: source})
			return err
		}
		w.must(create("one", authserver.SourceWeb))
		w.must(w.People.EndGrant(w.Context(), ada.ID, c.ID))
		if err := create("two", authserver.SourceMobile); !errors.Is(err, authserver.ErrNotAdmitted) {
			w.Errorf("%v", err)
		}
	})
}

// meanwhile are links beside whose reading something happens.
type meanwhile struct {
	account.Links
	happens func()
}

func (m meanwhile) FindLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (*authserver.Link, *authserver.User, error) {
	l, u, err := m.Links.FindLink(ctx, kind, digest, now)
	m.happens()
	return l, u, err
}

// TestA3_AFactorThatComesWithTheResetGoes has whoever signed up with the owner's address
// finish setting up a second factor while the owner's reset is under way.
func TestA3_AFactorThatComesWithTheResetGoes(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		reset := w.askReset(ada.Email)
		w.Recovery.Links = meanwhile{w.Store, func() {
			_, err := w.Store.CreateSecondFactor(w.Context(), authserver.SecondFactor{UserID: ada.ID, Sealed: []byte{1}}, w.Now())
			w.must(err)
		}}
		w.must(w.Recovery.Reset(w.Context(), reset, another, ""))
		if u := w.user(ada.ID); u.SecondFactor || !u.EmailConfirmed() {
			w.Errorf("%+v", u)
		}
	})
}

// TestA2ARotatedKeyEndsWithTheOthers has a reset and a rotation wait for one key.
func TestA2ARotatedKeyEndsWithTheOthers(t *testing.T) {
	testenv.Production.Need(t)
	w := newWorld(storetest.New(t, testenv.Production), settings())
	ada := w.ada()
	k, _, err := w.Keys.Create(w.Context(), ada.ID, authserver.KeyRequest{Name: "Key", Scopes: []string{"read"}})
	w.must(err)
	reset := w.askReset(ada.Email)
	done := make(chan error, 2)
	// Outside of the transaction: within one PostgreSQL does not see connections made later.
	waiting := func(n int) {
		testenv.Eventually(t, time.Minute, "they wait for the key", func() bool {
			return w.Count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) >= n
		})
	}
	w.must(w.DB.InTx(w.Context(), func(ctx context.Context) error {
		if _, err := w.DB.Exec(ctx, `UPDATE api_keys SET name = name WHERE id = $1`, k.ID); err != nil {
			return err
		}
		go func() {
			_, err := w.Keys.Rotate(w.Context(), ada.ID, k.ID, 0, "")
			done <- err
		}()
		waiting(1)
		go func() { done <- w.Recovery.Reset(w.Context(), reset, another, "") }()
		waiting(2)
		return nil
	}))
	for range 2 {
		w.must(<-done)
	}
	if n := w.Count(`SELECT count(*) FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL`, ada.ID); n != 0 {
		w.Errorf("%d keys outlive the reset", n)
	}
}
