package operator_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// world is the use cases on a fresh database, with an operator and somebody else.
type world struct {
	*storetest.Harness
	*operator.Service
	grants   *grant.Service
	people   *account.Service
	recovery *account.Recovery
	keys     *apikey.Service
	by, ada  *authserver.User
	said     bytes.Buffer // the log
}

func (w *world) Publish(context.Context, []secret.Digest) {}

func eachEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) {
		log, events := slog.New(slog.DiscardHandler), h.Events()
		// As a request is attributed: to whoever event.By names.
		events.From = func(context.Context) authserver.Origin {
			return authserver.Origin{Address: "192.0.2.1", RequestID: "r"}
		}
		w := &world{Harness: h, by: h.Person(), ada: h.Person()}
		w.grants = grant.New(grant.Dependencies{Store: h.Store, Events: events, Logger: log, Now: h.Now, Settings: grant.Settings{
			CodeLifetime: time.Minute, AccessLifetime: time.Hour, RefreshLifetime: time.Hour, RetryWindow: time.Minute,
		}})
		w.keys = &apikey.Service{Store: h.Store, Publisher: w, Tiers: ratelimit.DefaultTiers(), Now: h.Now, Events: events}
		w.people = account.New(account.Dependencies{
			Store: h.Store, Grants: w.grants, Keys: w.keys, Events: events, Logger: log, Now: h.Now,
			Settings: account.Settings{Signup: account.SignupOpen, SigninLifetime: time.Hour, SigninIdle: time.Hour, HashCost: account.HashCost{Memory: 8, Passes: 1}},
		})
		w.recovery = &account.Recovery{People: w.people, Links: h.Store}
		w.Service = operator.New(operator.Dependencies{
			Store: h.Store, People: w.people, Recovery: w.recovery, Keys: w.keys, Now: h.Now, Version: "1.2.3",
			Clients:  &registration.Service{Store: h.Store, Grants: w.grants, Events: events, Now: h.Now},
			Consents: &consent.Service{Store: h.Store, Grants: w.grants, Events: events, Now: h.Now},
			Logger:   slog.New(slog.NewTextHandler(&w.said, nil)),
			Patience: 50 * time.Millisecond,
			Health: []operator.Probe{
				{Name: "database", Ask: func(context.Context) authserver.Component {
					return authserver.Component{State: authserver.ComponentWorks}
				}},
				{Name: "cache", Ask: func(ctx context.Context) authserver.Component {
					<-h.Context().Done() // longer than anybody waits
					return authserver.Component{State: authserver.ComponentWorks}
				}},
				{Name: "email", Ask: func(context.Context) authserver.Component { panic("a defect") }},
			},
		})
		if ok, err := h.Store.SetOperator(h.Context(), w.by.ID, true); err != nil || !ok {
			h.Fatal(ok, err)
		}
		w.by.Operator = true
		fn(w)
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// wantDone expects one event of a kind about ada, done by the operator.
func (w *world) wantDone(kind string) {
	w.Helper()
	n := w.Count(`SELECT count(*) FROM events WHERE kind = $1 AND user_id = $2 AND actor_id = $3`, kind, w.ada.ID, w.by.ID)
	if n != 1 {
		w.Errorf("%d events %s by the operator", n, kind)
	}
}

func (w *world) key() (id string, made secret.Token) {
	w.Helper()
	k, made, err := w.keys.Create(w.Context(), w.ada.ID, authserver.KeyRequest{Name: "Backup", Source: authserver.SourceWeb, Scopes: []string{"read"}})
	w.must(err)
	return k.ID, made
}

func (w *world) keyOpens(made secret.Token) bool {
	w.Helper()
	c, err := w.Harness.Store.LookupAPIKey(w.Context(), made.Digest())
	return err == nil && c.Active(w.Now())
}

func (w *world) allow(client string) *authserver.Tokens {
	w.Helper()
	code, err := w.grants.Approve(w.Context(), grant.Approval{
		Signin: w.Signin(w.ada), ClientID: client, Scopes: scope.All, RedirectURI: storetest.Redirect, Challenge: "c", Consented: true,
	})
	w.must(err)
	tokens, err := w.grants.Redeem(w.Context(), grant.Exchange{Code: code.Reveal(), ClientID: client, RedirectURI: storetest.Redirect, Challenge: "c"})
	w.must(err)
	return tokens
}

func (w *world) opens(tokens *authserver.Tokens) bool {
	w.Helper()
	c, err := w.grants.Lookup(w.Context(), tokens.AccessToken)
	return err == nil && c.Active(w.Now())
}

func TestStoppingAUser(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.AddClient("app")
		tokens := w.allow("app")
		_, key := w.key()
		for what, try := range map[string]func(id string) error{
			"deactivate":    func(id string) error { return w.Deactivate(w.Context(), w.by, id) },
			"reactivate":    func(id string) error { return w.Reactivate(w.Context(), w.by, id) },
			"sign out":      func(id string) error { return w.SignOut(w.Context(), w.by, id) },
			"second factor": func(id string) error { return w.DropSecondFactor(w.Context(), w.by, id) },
			"reset":         func(id string) error { _, err := w.ResetLink(w.Context(), w.by, id); return err },
		} {
			w.Want(what+": oneself", try(w.by.ID), fault.Invalid)
			w.Want(what+": no id", try("x"), fault.NotFound)
			w.Want(what+": nobody", try(uuid.NewString()), fault.NotFound)
		}
		w.must(w.Deactivate(w.Context(), w.by, w.ada.ID))
		w.Want("twice", w.Deactivate(w.Context(), w.by, w.ada.ID), fault.Conflict)
		if w.opens(tokens) || w.keyOpens(key) {
			w.Error("what the user had goes on")
		}
		_, err := w.ResetLink(w.Context(), w.by, w.ada.ID)
		w.Want("a link for who is not active", err, fault.Conflict)
		w.wantDone(authserver.EventUserDeactivated)
		w.must(w.Reactivate(w.Context(), w.by, w.ada.ID))
		w.wantDone(authserver.EventUserReactivated)
	})
}

func TestHelpingAUser(t *testing.T) {
	eachEngine(t, func(w *world) {
		in := w.Signin(w.ada)
		w.must(w.SignOut(w.Context(), w.by, w.ada.ID))
		if n := w.Count(`SELECT count(*) FROM signins WHERE id = $1 AND ended_at IS NULL`, in.ID); n != 0 {
			w.Error("signed in still")
		}
		w.wantDone(authserver.EventSignoutAll)
		w.Want("no second factor", w.DropSecondFactor(w.Context(), w.by, w.ada.ID), fault.Conflict)
		_, err := w.Harness.Store.CreateSecondFactor(w.Context(), authserver.SecondFactor{UserID: w.ada.ID, Sealed: []byte{1}}, w.Now())
		w.must(err)
		w.must(w.DropSecondFactor(w.Context(), w.by, w.ada.ID))
		w.wantDone(authserver.EventSecondFactorOff)

		path, err := w.ResetLink(w.Context(), w.by, w.ada.ID)
		w.must(err)
		w.wantDone(authserver.EventResetRequested)
		link, err := url.Parse(path)
		w.must(err)
		token := link.Query().Get("token")
		w.must(w.recovery.Reset(w.Context(), token, "Correct-horse-1!", ""))
		if err := w.recovery.Reset(w.Context(), token, "Correct-horse-2!", ""); !errors.Is(err, account.ErrLinkGone) {
			w.Errorf("a second time: %v", err)
		}
		if _, err := w.people.CheckPassword(w.Context(), w.ada.Email, "Correct-horse-1!", account.Visitor{}); err != nil {
			w.Error(err)
		}
	})
}

func TestOperatorsAreAppointed(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.Want("the only one", w.Dismiss(w.Context(), w.by, w.by.ID), fault.Invalid)
		w.Want("somebody who is none", w.Dismiss(w.Context(), w.by, w.ada.ID), fault.Conflict)
		w.must(w.Appoint(w.Context(), w.by, w.ada.ID))
		w.Want("twice", w.Appoint(w.Context(), w.by, w.ada.ID), fault.Conflict)
		w.wantDone(authserver.EventOperatorOn)
		w.must(w.Dismiss(w.Context(), w.by, w.ada.ID))
		w.wantDone(authserver.EventOperatorOff)
		ada := *w.ada
		ada.Operator = true // as when the request was let in
		w.Want("by who was dismissed", w.Appoint(w.Context(), &ada, w.Harness.Person().ID), fault.Forbidden)
		w.Want("the other by who was dismissed", w.Dismiss(w.Context(), &ada, w.by.ID), fault.Forbidden)
		gone := w.Harness.Person()
		w.must(w.Deactivate(w.Context(), w.by, gone.ID))
		w.Want("who is not active", w.Appoint(w.Context(), w.by, gone.ID), fault.Conflict)
		w.Want("nobody", w.Appoint(w.Context(), w.by, "x"), fault.NotFound)
	})
}

// However operators dismiss each other and themselves, one is left.
func TestTheLastOperatorStays(t *testing.T) {
	eachEngine(t, func(w *world) {
		all := []*authserver.User{w.by, w.ada, w.Harness.Person(), w.Harness.Person()}
		for _, u := range all[1:] {
			w.must(w.Appoint(w.Context(), w.by, u.ID))
		}
		won := storetest.Race(8, func(i int) bool {
			by, whom := all[i%4], all[i%4]
			if i > 3 {
				whom = all[(i+1)%4]
			}
			err := w.Dismiss(w.Context(), by, whom.ID)
			if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Forbidden) {
				w.Error(err)
			}
			return err == nil
		})
		if n := w.Count(`SELECT count(*) FROM users WHERE operator`); won != 3 || n != 1 {
			w.Errorf("%d dismissed, %d left", won, n)
		}
	})
}

func TestClientsAndKeys(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.AddClient("app")
		tokens := w.allow("app")
		w.must(w.Harness.Store.EnsureFirstParty(w.Context(), w.Now()))
		w.Want("the product's own", w.DeleteClient(w.Context(), w.by, authserver.FirstPartyClientID), fault.Forbidden)
		if c, err := w.Client(w.Context(), "app"); err != nil || c.Name != "App" {
			w.Errorf("%+v, %v", c, err)
		}
		w.must(w.DeleteClient(w.Context(), w.by, "app"))
		w.Want("twice", w.DeleteClient(w.Context(), w.by, "app"), fault.NotFound)
		if w.opens(tokens) {
			w.Error("what was issued to it goes on")
		}
		id, made := w.key()
		k, owner, err := w.Key(w.Context(), id)
		if err != nil || k.Name != "Backup" || owner.ID != w.ada.ID {
			w.Errorf("%+v, %v", k, err)
		}
		w.Want("no such tier", w.SetTier(w.Context(), w.by, id, "", "golden"), fault.Invalid)
		w.must(w.SetTier(w.Context(), w.by, id, "", authserver.TierPremium))
		w.wantDone(authserver.EventKeyTier)
		w.must(w.RevokeKey(w.Context(), w.by, id))
		w.wantDone(authserver.EventKeyRevoked)
		w.Want("twice", w.RevokeKey(w.Context(), w.by, id), fault.NotFound)
		_, _, err = w.Key(w.Context(), id)
		w.Want("one that has ended", err, fault.NotFound)
		if w.keyOpens(made) {
			w.Error("it opens something")
		}
		without := operator.New(operator.Dependencies{Store: w.Harness.Store, People: w.people, Consents: &consent.Service{Store: w.Harness.Store, Now: w.Now}, Now: w.Now})
		_, _, err = without.Key(w.Context(), id)
		w.Want("an instance without keys", err, fault.NotFound)
		if p, err := without.Person(w.Context(), w.ada.ID); err != nil || p.Keys != nil {
			w.Errorf("%+v, %v", p, err)
		}
	})
}

func TestInvites(t *testing.T) {
	eachEngine(t, func(w *world) {
		for _, days := range []string{"", "0", "-1", "366", "ten", "1.5"} {
			_, err := w.Invite(w.Context(), w.by, "", "", days)
			w.Want("days "+days, err, fault.Invalid)
		}
		_, err := w.Invite(w.Context(), w.by, "x", "", "7")
		w.Want("no address", err, fault.Invalid)
		code, err := w.Invite(w.Context(), w.by, "eve@example.com", "for Eve", " 7 ")
		w.must(err)
		list, err := w.people.Invites(w.Context())
		if err != nil || len(list) != 1 || list[0].Digest != code.Digest() || !list[0].ExpiresAt.Equal(w.Now().Add(7*24*time.Hour)) {
			w.Fatalf("%+v, %v", list, err)
		}
		w.must(w.RevokeInvite(w.Context(), w.by, list[0].ID))
		w.Want("twice", w.RevokeInvite(w.Context(), w.by, list[0].ID), fault.NotFound)
		for _, kind := range []string{authserver.EventInviteCreated, authserver.EventInviteRevoked} {
			if n := w.Count(`SELECT count(*) FROM events WHERE kind = $1 AND actor_id = $2`, kind, w.by.ID); n != 1 {
				w.Errorf("%d events %s", n, kind)
			}
		}
	})
}
