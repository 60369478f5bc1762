package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// TestWhatIsAdvertisedIsThere walks the metadata of both services: every address is
// answered as its RFC has it, and every method, grant and scope that is named is known.
func TestWhatIsAdvertisedIsThere(t *testing.T) {
	eachWorld(t, func(w *world) {
		as := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		walked := 0
		for member, address := range membersOf(w.t, as) {
			at, _ := address.(string)
			if !strings.HasSuffix(member, "_endpoint") && member != "service_documentation" {
				continue
			}
			walked++
			var got *actor.Answer
			want := []int{http.StatusBadRequest, http.StatusUnauthorized}
			switch member {
			case "authorization_endpoint":
				got = w.send(http.MethodGet, at, nil, "")
			case "userinfo_endpoint":
				got = w.send(http.MethodGet, at, nil, "")
			case "service_documentation":
				got, want = w.send(http.MethodGet, at, nil, ""), []int{http.StatusOK}
			case "registration_endpoint":
				got = w.send(http.MethodPost, at, http.Header{"Content-Type": {"application/json"}}, "{}")
			default:
				got = w.send(http.MethodPost, at, formHeader(), "")
			}
			if !slices.Contains(want, got.Status) {
				w.t.Errorf("%s at %s: %s", member, at, got)
			}
		}
		if walked != 9 {
			w.t.Errorf("%d addresses are advertised: %s", walked, as)
		}
		w.methodsWork(as)
		w.grantsAreKnown(as)
		for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
			rs := w.send(http.MethodGet, w.API().URL+path, nil, "")
			wantStatus(w.t, rs, http.StatusOK)
			wantStatus(w.t, w.send(http.MethodGet, rs.Text("resource_documentation"), nil, ""), http.StatusOK)
			if !slices.Equal(texts(rs.JSON("authorization_servers")), []string{as.Text("issuer")}) || !slices.Equal(texts(rs.JSON("scopes_supported")), texts(as.JSON("scopes_supported"))) ||
				!slices.Equal(texts(rs.JSON("bearer_methods_supported")), []string{"header"}) || !strings.HasPrefix(rs.Text("resource"), texts(as.JSON("protected_resources"))[0]) {
				w.t.Errorf("%s: %s, beside %s", path, rs, as)
			}
		}
	})
}

func texts(value any) (all []string) {
	raw, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		return nil
	}
	return all
}

// methodsWork tries each method of client authentication where it is offered.
func (w *world) methodsWork(as *actor.Answer) {
	w.t.Helper()
	for endpoint, answer := range map[string]string{"token": "invalid_grant", "revocation": "", "introspection": ""} {
		offered := texts(as.JSON(endpoint + "_endpoint_auth_methods_supported"))
		if len(offered) == 0 {
			w.t.Errorf("%s names no method", endpoint)
		}
		for _, method := range offered {
			app := w.client(webCallback, "--auth-method", method)
			if endpoint == "introspection" {
				made, err := w.NewClient(w.t.Context(), "--name", "Test API", "--resource-server", "--auth-method", method)
				if err != nil {
					w.t.Fatal(err)
				}
				app.Client = made
			}
			header, form := formHeader(), "grant_type=refresh_token&refresh_token=x&token=x"
			switch method {
			case "client_secret_basic":
				header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(app.Client.ID+":"+app.Client.Secret)))
			case "client_secret_post":
				form += "&client_id=" + app.Client.ID + "&client_secret=" + app.Client.Secret
			case "none":
				form += "&client_id=" + app.Client.ID
			default:
				w.t.Errorf("%s offers %s", endpoint, method)
			}
			if got := w.send(http.MethodPost, as.Text(endpoint+"_endpoint"), header, form); got.Text("error") != answer || answer == "" && got.Status != http.StatusOK {
				w.t.Errorf("%s by %s: %s", endpoint, method, got)
			}
		}
	}
}

// grantsAreKnown tells the grants that are offered from those that are not.
func (w *world) grantsAreKnown(as *actor.Answer) {
	w.t.Helper()
	app := w.client(loopbackCallback, "--public", "--device")
	offered := texts(as.JSON("grant_types_supported"))
	for _, grant := range append(offered, "password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange") {
		got := w.send(http.MethodPost, as.Text("token_endpoint"), formHeader(), "grant_type="+grant+"&client_id="+app.Client.ID)
		if known := got.Text("error") != "unsupported_grant_type"; known != slices.Contains(offered, grant) || got.Status != http.StatusBadRequest {
			w.t.Errorf("%s: %s", grant, got)
		}
	}
}
