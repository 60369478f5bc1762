package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

func TestS36_T24_T25_AnyTokenOfAGrantEndsTheGrant(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for _, which := range []string{"access", "refresh"} {
			for _, hint := range []string{"", "access_token", "refresh_token", "nonsense"} {
				pair := w.tokens(app, "read")
				token := pair.Access
				if which == "refresh" {
					token = pair.Refresh
				}
				form := url.Values{"token": {token}}
				if hint != "" {
					form.Set("token_type_hint", hint)
				}
				wantStatus(w.t, w.form(app, "/oauth/revoke", form), http.StatusOK)
				w.wantActive(pair.Access, false, which+" revoked with hint "+hint)
				wantError(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest, "invalid_grant")
				wantStatus(w.t, w.form(app, "/oauth/revoke", form), http.StatusOK) // twice is no error
			}
		}
	})
}

func TestS36_ASpentRefreshTokenEndsTheGrantToo(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		wantStatus(w.t, w.form(app, "/oauth/revoke", url.Values{"token": {first.Refresh}}), http.StatusOK)
		w.wantActive(second.Access, false, "newest access token after the spent refresh token was revoked")
	})
}

func TestS37_AStrangersRevocationChangesNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read")
		for _, stranger := range []*actor.App{w.public(), w.confidential(), w.resourceServer()} {
			for _, token := range []string{pair.Access, pair.Refresh} {
				answer := w.form(stranger, "/oauth/revoke", url.Values{"token": {token}})
				if answer.Status != http.StatusOK && answer.Status != http.StatusBadRequest {
					w.t.Errorf("%s", answer)
				}
			}
		}
		w.wantActive(pair.Access, true, "access token after strangers tried to revoke it")
		w.refreshed(app, pair.Refresh)
	})
}

func TestRevokingWhatIsUnknownIsFine(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for _, token := range []string{"x", secret.New(secret.RefreshToken).Reveal(), secret.New(secret.AccessToken).Reveal(), "\xff"} {
			answer := w.form(app, "/oauth/revoke", url.Values{"token": {token}})
			if token != "\xff" {
				wantStatus(w.t, answer, http.StatusOK)
			} else if answer.Status > 499 {
				w.t.Errorf("%s", answer)
			}
		}
		wantError(w.t, w.form(app, "/oauth/revoke", url.Values{}), http.StatusBadRequest, "invalid_request")
	})
}
