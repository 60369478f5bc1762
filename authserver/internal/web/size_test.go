package web_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

const maxPage = 60_000 // bytes of a page with all it loads

// weigh returns how many bytes a page has with all it loads.
func (s *site) weigh(t *testing.T, page *actor.Page) int {
	t.Helper()
	size := len(page.Body)
	for _, link := range assetLink.FindAllStringSubmatch(page.Body, -1) {
		size += len(read(t, get(t, s.URL+link[1])))
	}
	return size
}

// many runs a statement n times.
func (s *site) many(t *testing.T, n int, statement string, args func(i int) []any) {
	t.Helper()
	err := s.DB.InTx(t.Context(), func(ctx context.Context) error {
		for i := range n {
			if _, err := s.DB.Exec(ctx, statement, args(i)...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// long is a text of so many characters that no other i has.
func long(n, i int) string {
	return fmt.Sprintf("%03d ", i) + string([]rune(strings.Repeat("Haushaltsbücher ", n/16+1))[:n-4])
}

// longEmail is an address of 100 characters.
func longEmail(i int) string { return fmt.Sprintf("%s-%03d@example.com", strings.Repeat("x", 84), i) }

// overfull brings everything that the pages of p list to where it is largest.
func (s *site) overfull(t *testing.T, p *actor.Person, key string) {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.now().UTC().Truncate(time.Microsecond)
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
	const address = "2001:db8:1234:5678:9abc:def0:1234:5678"
	for i := range 64 {
		s.allowed(t, p.Email, authserver.Client{ID: "allowed-" + uuid.NewString(), Name: long(100, i), RedirectURIs: []string{"https://" + strings.Repeat("sub.", 20) + "example.com/cb"}, OwnerID: owner(i, u.ID)})
	}
	s.many(t, authserver.MaxPasskeys, `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, aaguid, transports, name, created_at, used_at)
		VALUES ($1, $2, $3, $3, 1, true, true, $3, '', $4, $5, $5)`, func(i int) []any {
		return []any{uuid.NewString(), u.ID, randomDigest(), long(authserver.MaxPasskeyName, i), now}
	})
	s.many(t, 60, `INSERT INTO signins (digest, id, user_id, created_at, seen_at, expires_at, confirmed_at, user_agent, address) VALUES ($1, $2, $3, $4, $4, $5, $4, $6, $7)`,
		func(int) []any {
			return []any{randomDigest(), uuid.NewString(), u.ID, now, now.Add(time.Hour), agent, address}
		})
	s.many(t, 40, `INSERT INTO devices (id, user_id, device_id, name, kind, os_version, app_version, created_at, seen_at) VALUES ($1, $2, $1, $3, 'android', '14.0.1', '1.20.300', $4, $4)`,
		func(i int) []any { return []any{uuid.NewString(), u.ID, long(100, i), now} })
	s.many(t, 30, `INSERT INTO users (id, family_id, role, email, first_name, last_name, created_at) VALUES ($1, $2, 'member', $3, $4, '', $5)`,
		func(i int) []any { return []any{uuid.NewString(), u.FamilyID, longEmail(i), long(100, i), now} })
	s.many(t, 30, `INSERT INTO users (id, family_id, role, email, first_name, last_name, created_at, deactivated_at) VALUES ($1, $2, 'member', $3, $4, '', $5, $5)`,
		func(i int) []any { return []any{uuid.NewString(), u.FamilyID, longEmail(200 + i), long(100, i), now} })
	s.many(t, 40, `INSERT INTO invitations (id, digest, family_id, email, role, invited_by, created_at, expires_at) VALUES ($1, $2, $3, $4, 'member', $5, $6, $7)`,
		func(i int) []any {
			return []any{uuid.NewString(), randomDigest(), u.FamilyID, longEmail(100 + i), u.ID, now, now.Add(time.Hour)}
		})
	s.many(t, 100, `INSERT INTO invites (id, digest, email, note, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		func(i int) []any {
			return []any{uuid.NewString(), randomDigest(), longEmail(i), long(100, i), now, now.Add(time.Hour)}
		})
	s.many(t, 100, `INSERT INTO registration_tokens (id, digest, note, uses, created_at, expires_at) VALUES ($1, $2, $3, 1000, $4, $5)`,
		func(i int) []any {
			return []any{uuid.NewString(), randomDigest(), long(100, i), now, now.Add(time.Hour)}
		})
	s.many(t, 100, `INSERT INTO outbox (id, kind, subject, payload, created_at, next_at, attempts, failure) VALUES ($1, 'erase_family', $1, '', $2, $2, 1000, 'unreachable')`,
		func(int) []any { return []any{uuid.NewString(), now} })
	s.many(t, 60, `INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details, address, user_agent, request_id, mark)
		SELECT $1, $2, 'consent.given', 'success', '', $3, $4, id, id, '{}', $5, $6, 'request', $7 FROM clients WHERE id LIKE 'allowed-%' ORDER BY id LIMIT 1`,
		func(i int) []any {
			return []any{uuid.NewString(), now.Add(-time.Duration(i) * 13 * time.Hour), u.ID, u.FamilyID, address, agent, []byte{}}
		})
	s.decisions(t, u)
	s.busyInstance(t, now)
	s.busyKey(t, key, now)
}

// decisions is more of each kind than the overview shows.
func (s *site) decisions(t *testing.T, u *authserver.User) {
	t.Helper()
	for i := range 4 {
		someone := &authserver.User{ID: uuid.NewString(), FamilyID: u.FamilyID, Role: "member", Email: longEmail(300 + i), UILayout: "dashboard", CreatedAt: u.CreatedAt}
		if err := s.Store.CreateUser(t.Context(), someone); err != nil {
			t.Fatal(err)
		}
		s.allowed(t, u.Email, authserver.Client{ID: "in-use-" + uuid.NewString(), Name: long(100, 500+i), RedirectURIs: []string{"https://example.com/cb"}, OwnerID: someone.ID})
		s.refuse(t, 25, same(someone.ID), same(fmt.Sprintf("2001:db8:1234:5678:9abc:def0:1234:%04x", 0xa000+i)))
		id := uuid.NewString()
		s.many(t, 1, `INSERT INTO api_keys (id, digest, user_id, name, scopes, source, tier, last_four, allowed_cidrs, created_at, made_by, made_with)
			VALUES ($1, $2, $3, $4, 'read', 'web', 'standard', 'abcd', '', $5, '', '')`, func(int) []any {
			return []any{id, randomDigest(), someone.ID, long(authserver.MaxKeyName, i), s.clock.now().UTC()}
		})
		s.limited(t, id, 7)
	}
}

// busyInstance is a month in which everything was counted every hour.
func (s *site) busyInstance(t *testing.T, now time.Time) {
	t.Helper()
	var uses []keyuse.Use
	for i := range 24 * 30 {
		at := now.Add(-time.Duration(i) * time.Hour)
		for _, name := range []string{authserver.CountSignins, authserver.CountRefused, authserver.CountTokens} {
			uses = append(uses, keyuse.Use{Kind: keyuse.KindInstance, ID: name, At: at, Hour: keyuse.Span(keyuse.KindInstance, at), Count: int64(40 + 9_977*(i%23))})
		}
		for n := range 4 {
			took := strconv.Itoa(authserver.LatencyBucket(time.Duration(1+i%7) * time.Duration(n*n*40+1) * time.Millisecond))
			uses = append(uses, keyuse.Use{Kind: keyuse.KindLatency, ID: took, At: at, Hour: keyuse.Span(keyuse.KindLatency, at), Count: int64(1000 / (n + 1))})
		}
	}
	if err := s.Store.StampUses(t.Context(), uses); err != nil {
		t.Fatal(err)
	}
}

// owner lets every other client be one's own, up to as many as one may have.
func owner(i int, userID string) string {
	if i < 50 {
		return userID
	}
	return ""
}

// busyKey is a key in its busiest month, used from as many addresses as are kept.
func (s *site) busyKey(t *testing.T, id string, now time.Time) {
	t.Helper()
	var uses []keyuse.Use
	for i := range 24 * 30 {
		at := now.Add(-time.Duration(i) * time.Hour)
		use := keyuse.Use{ID: id, At: at, From: fmt.Sprintf("2001:db8:1234:5678:9abc:def0:1234:%04x", 0x1000+i%20), Hour: keyuse.Span(keyuse.KindKey, at), Count: int64(10_040 + 977*(i%23)), Limited: int64(3_000 * (i % 7)), Forbidden: int64(i % 5 * 100)}
		if i%3 == 0 {
			use.Forbidden = use.Count // nothing but refusals
		}
		uses = append(uses, use)
	}
	if err := s.Store.StampUses(t.Context(), uses); err != nil {
		t.Fatal(err)
	}
}

// TestPagesAreSmallInTheirWorstState: with all they load, in the language that is longer.
func TestPagesAreSmallInTheirWorstState(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings(), withEveryPage, withKeys)
	boss := signedUp(t, s)
	_, key := makeKey(t, boss.Browser, long(authserver.MaxKeyName, 0))
	id := key[strings.LastIndex(key, "/")+1:]
	s.overfull(t, boss, id)
	fill(t, boss.Browser, open(t, boss.Browser, "/preferences"), map[string]string{"language": "de", "theme": "dark"})
	me := userID(t, boss, boss)
	for _, path := range []string{
		"/", key, key + "/revoke", "/settings/account", "/settings/api_keys", "/settings/applications", "/settings/passkeys", "/settings/signins", "/settings/family", "/settings/activity",
		"/settings/developer", "/settings/security", "/settings/password/review",
		"/operator", "/operator?period=24h", "/operator?period=year", "/operator?table=latency", "/operator/health", "/operator/look", "/operator/people", "/operator/people/" + me, "/operator/families", "/operator/families/" + familyOf(t, s, boss), "/operator/applications", "/operator/keys", "/operator/keys/" + id,
		"/operator/invites", "/operator/registrations", "/operator/events", "/operator/erasures",
	} {
		n := s.weigh(t, open(t, boss.Browser, path))
		t.Logf("%6d %s", n, path)
		if n > maxPage {
			t.Errorf("%s has %d bytes", path, n)
		}
	}
}

func randomDigest() []byte {
	digest := secret.DigestOf(uuid.NewString())
	return digest[:]
}

func familyOf(t *testing.T, s *site, p *actor.Person) string {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
	if err != nil {
		t.Fatal(err)
	}
	return u.FamilyID
}
