package registration_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func metadata(t *testing.T, text string) *registration.Metadata {
	t.Helper()
	m, err := registration.ParseMetadata([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	public       = `{"client_name": "Notes", "redirect_uris": ["https://notes.example/cb"], "token_endpoint_auth_method": "none"}`
	confidential = `{"client_name": "Notes", "redirect_uris": ["https://notes.example/cb"], "token_endpoint_auth_method": "client_secret_post"}`
)

func (s *fixture) introduce(text, token string) (registration.Introduction, error) {
	s.Helper()
	return s.Introduce(s.Context(), metadata(s.T, text), token)
}

func (s *fixture) introduced(text, token string) registration.Introduction {
	s.Helper()
	made, err := s.introduce(text, token)
	if err != nil {
		s.Fatal(err)
	}
	return made
}

// initial makes an initial access token.
func (s *fixture) initial(uses int, life time.Duration) (id, token string) {
	s.Helper()
	t, text, err := s.NewToken(s.Context(), "for a test", uses, life)
	if err != nil {
		s.Fatal(err)
	}
	return t.ID, text.Reveal()
}

func (s *fixture) wantNoToken(what string, err error) {
	s.Helper()
	if !errors.Is(err, registration.ErrNoToken) {
		s.Errorf("%s: %v", what, err)
	}
}

// Public clients that say the same of themselves are one client, which nobody manages.
func TestEqualRegistrationsShareAClient(t *testing.T) {
	eachService(t, func(s *fixture) {
		s.Mode = registration.Open
		ids := make([]string, 8)
		storetest.Race(8, func(i int) bool {
			made, err := s.introduce(public, "")
			if err != nil {
				s.Error(err)
				return false
			}
			ids[i] = made.Client.ID
			return true
		})
		if slices.Sort(ids); ids[0] != ids[7] || s.Count(`SELECT count(*) FROM clients`) != 1 {
			s.Errorf("%v", ids)
		}
		made := s.introduced(strings.Replace(public, "{", `{"scope": "read", `, 1), "")
		if !made.Management.IsZero() || !made.Secret.IsZero() || made.Client.Scopes != scope.All || made.Client.Vouched() {
			s.Errorf("%+v", made)
		}
		for _, other := range []string{
			strings.Replace(public, "Notes", "Todo", 1), strings.Replace(public, "/cb", "/other", 1),
			strings.Replace(public, "{", `{"require_pushed_authorization_requests": true, `, 1),
		} {
			if id := s.introduced(other, "").Client.ID; id == ids[0] {
				s.Errorf("shares with another: %s", other)
			}
		}
		if n := strings.Count(s.log.String(), "event="+authserver.EventClientCreated); n != 4 {
			s.Errorf("%d events of four clients", n)
		}
	})
}

func TestAConfidentialClientIntroducesItself(t *testing.T) {
	eachService(t, func(s *fixture) {
		s.Mode = registration.Open
		one, two := s.introduced(confidential, ""), s.introduced(confidential, "")
		if one.Client.ID == two.Client.ID || one.Secret.IsZero() || one.Management.IsZero() {
			s.Errorf("%+v", one)
		}
		if stored := s.find(one.Client.ID); !stored.SecretMatches(one.Secret.Reveal(), start) || stored.SecretMatches(two.Secret.Reveal(), start) {
			s.Error("the secret that was shown is not the one that works")
		}
		if text := s.log.String(); strings.Contains(text, one.Secret.Reveal()) || strings.Contains(text, one.Management.Reveal()) {
			s.Error("a secret is in the log")
		}
	})
}

func TestWhoMayIntroduceItself(t *testing.T) {
	eachService(t, func(s *fixture) {
		for _, mode := range []string{"", registration.Closed} {
			if s.Mode = mode; !errors.Is(second(s.introduce(public, "")), registration.ErrClosed) {
				s.Errorf("mode %q lets clients in", mode)
			}
		}
		s.Mode = registration.Token
		s.wantNoToken("without a token", second(s.introduce(public, "")))
		s.wantNoToken("no token", second(s.introduce(public, "x")))
		s.wantNoToken("made up", second(s.introduce(public, secret.New(secret.RegistrationToken).Reveal())))
		_, twice := s.initial(2, 0)
		if n := storetest.Race(6, func(int) bool { return second(s.introduce(public, twice)) == nil }); n != 2 {
			s.Errorf("a token for two was used %d times", n)
		}
		made := s.introduced(public, second1(s.initial(0, 0)))
		if made.Management.IsZero() || s.Count(`SELECT count(*) FROM clients`) != 3 {
			s.Error("who brings a token has a client of its own")
		}
		_, late := s.initial(0, time.Hour)
		id, gone := s.initial(0, 0)
		if err := s.RevokeToken(s.Context(), id); err != nil {
			s.Fatal(err)
		}
		s.Want("revoked twice", s.RevokeToken(s.Context(), id), fault.NotFound)
		s.Want("no id", s.RevokeToken(s.Context(), "x"), fault.NotFound)
		s.wantNoToken("revoked", second(s.introduce(public, gone)))
		s.Pass(time.Hour)
		s.wantNoToken("expired", second(s.introduce(public, late)))
		states := map[string]int{}
		all, err := s.Tokens(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		for _, one := range all {
			states[one.State(s.Harness.Now())]++
		}
		if got := fmt.Sprint(states); got != "map[expired:1 good:1 revoked:1 used:1]" {
			s.Error(got)
		}
		for what, err := range map[string]error{
			"uses": third(s.NewToken(s.Context(), "", -1, 0)), "life": third(s.NewToken(s.Context(), "", 0, -time.Hour)),
			"note": third(s.NewToken(s.Context(), strings.Repeat("x", 201), 0, 0)),
		} {
			s.Want(what, err, fault.Invalid)
		}
	})
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }
func second1[T any](_ T, token string) string   { return token }

func TestManagingARegistration(t *testing.T) {
	eachService(t, func(s *fixture) {
		s.Mode = registration.Open
		made, other := s.introduced(confidential, ""), s.introduced(confidential, "")
		token := made.Management.Reveal()
		for what, try := range map[string][2]string{
			"another's token": {made.Client.ID, other.Management.Reveal()}, "no token": {made.Client.ID, "x"}, "none": {made.Client.ID, ""},
			"no such client": {uuid.NewString(), token}, "no id": {"a b", token}, "a long id": {strings.Repeat("x", 101), token},
			"the client secret": {made.Client.ID, made.Secret.Reveal()},
		} {
			s.wantNoToken(what, second(s.Managed(s.Context(), try[0], try[1])))
		}
		c, err := s.Managed(s.Context(), made.Client.ID, token)
		if err != nil {
			s.Fatal(err)
		}
		whole := func(more string) *registration.Metadata {
			return metadata(s.T, fmt.Sprintf(`{"client_id": %q, "client_name": "Notes 2", "redirect_uris": ["https://notes.example/new"],
				"token_endpoint_auth_method": "client_secret_post"%s}`, c.ID, more))
		}
		for what, m := range map[string]*registration.Metadata{
			"another client_id":   metadata(s.T, confidential),
			"the server's":        whole(`, "registration_access_token": "x"`),
			"a wrong secret":      whole(`, "client_secret": "x"`),
			"a bad address":       whole(`, "redirect_uris": ["http://notes.example/"]`),
			"another auth method": whole(`, "token_endpoint_auth_method": "none"`),
		} {
			if _, ok := errors.AsType[*registration.MetadataError](second(s.ChangeManaged(s.Context(), c, m))); !ok {
				s.Errorf("%s was accepted", what)
			}
		}
		terms := c.Terms()
		next, err := s.ChangeManaged(s.Context(), c, whole(fmt.Sprintf(`, "client_secret": %q, "scope": "read", "jwks_uri": "https://notes.example/keys"`, made.Secret.Reveal())))
		if err != nil {
			s.Fatal(err)
		}
		stored := s.find(c.ID)
		if stored.Name != "Notes 2" || stored.RedirectURIs[0] != "https://notes.example/new" || stored.Scopes != scope.Read ||
			!stored.SecretMatches(made.Secret.Reveal(), start) || stored.Terms() != next.Terms() || stored.Terms() == terms {
			s.Errorf("%+v", stored)
		}
		c = stored
		if _, err := s.ChangeManaged(s.Context(), c, whole("")); err != nil {
			s.Fatal(err)
		}
		if s.find(c.ID).Keys != "" {
			s.Error("the keys of before stay")
		}
		if err := s.Delete(s.Context(), c.ID); err != nil {
			s.Fatal(err)
		}
		s.wantNoToken("deleted", second(s.Managed(s.Context(), c.ID, token)))
		s.Exec(`UPDATE clients SET disabled_at = created_at`)
		s.wantNoToken("disabled", second(s.Managed(s.Context(), other.Client.ID, other.Management.Reveal())))
	})
}

// What a person allows is not forgotten.
func TestClientsAreSeen(t *testing.T) {
	eachService(t, func(s *fixture) {
		s.Mode = registration.Open
		seen := func(c *authserver.Client) time.Time {
			s.Helper()
			if err := s.NoteConsent(s.Context(), c); err != nil {
				s.Fatal(err)
			}
			return s.find(c.ID).SeenAt
		}
		c := s.introduced(public, "").Client
		s.Pass(time.Hour)
		if at := seen(c); !at.Equal(start) {
			s.Errorf("written within the day: %s", at)
		}
		s.Pass(24 * time.Hour)
		if at := seen(c); !at.Equal(s.Harness.Now()) {
			s.Errorf("seen at %s", at)
		}
		document, err := metadata(s.T, public).Client(nil)
		if err != nil {
			s.Fatal(err)
		}
		document.ID, document.Introduced = "https://notes.example/client", authserver.IntroducedByDocument
		if at := seen(document); !at.Equal(s.Harness.Now()) {
			s.Errorf("a document: %s", at)
		}
		document.Name = "Notes 3"
		if seen(document); s.find(document.ID).Name != "Notes 3" {
			s.Error("a document that has changed is not stored")
		}
		vouched, _ := s.create(good())
		if at := seen(vouched); !at.IsZero() {
			s.Errorf("a client of the operator: %s", at)
		}
	})
}

// RFC 7591 section 2: a client names its keys in one way.
func TestKeysAreNamedOnce(t *testing.T) {
	for what, c := range map[string]struct {
		more string
		good bool
	}{
		"both":    {`"jwks": {"keys": []}, "jwks_uri": "https://app.example/keys"`, false},
		"a set":   {`"jwks": {"keys": []}, "jwks_uri": null`, true},
		"a place": {`"jwks_uri": "https://app.example/keys"`, true},
	} {
		m, err := registration.ParseMetadata([]byte(`{"redirect_uris": ["https://app.example/cb"], ` + c.more + `}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Client(nil)
		refused, _ := errors.AsType[*registration.MetadataError](err)
		if (err == nil) != c.good || !c.good && (refused == nil || refused.Code != "invalid_client_metadata") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
