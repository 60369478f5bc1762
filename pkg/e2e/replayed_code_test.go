package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// A code that was redeemed stands in logs and histories. It counts as replayed
// only when all that its client alone knows comes with it.
func TestB5_ARedeemedCodeEndsNothingWithoutWhatBelongsToIt(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, app := range []*actor.App{w.public(), w.confidential()} {
			code, pkce := w.code(w.person(), app, "read")
			whole := url.Values{
				"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI}, "code_verifier": {pkce.Verifier},
			}
			pair, err := pairOf(w.token(app, whole))
			if err != nil {
				w.t.Fatal(err)
			}
			but := func(name, value string) url.Values {
				form := url.Values{}
				for k, v := range whole {
					form[k] = v
				}
				form.Del(name)
				if value != "" {
					form.Set(name, value)
				}
				return form
			}
			for what, form := range map[string]url.Values{
				"no verifier": but("code_verifier", ""), "another verifier": but("code_verifier", actor.NewPKCE().Verifier),
				"no redirect URI": but("redirect_uri", ""), "another redirect URI": but("redirect_uri", app.RedirectURI+"/x"),
			} {
				wantStatus(w.t, w.token(app, form), http.StatusBadRequest)
				w.wantActive(pair.Access, true, "access token after a replay with "+what)
			}
			for _, stranger := range []*actor.App{w.public(), w.confidential()} {
				wantError(w.t, w.token(stranger, whole), http.StatusBadRequest, "invalid_grant")
				w.wantActive(pair.Access, true, "access token after a stranger's replay")
			}
			pair = w.refreshed(app, pair.Refresh)
			wantError(w.t, w.token(app, whole), http.StatusBadRequest, "invalid_grant")
			w.wantEnded(app, pair, "a replay of its code")
		}
	})
}
