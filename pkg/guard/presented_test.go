package guard_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/secret"
)

func TestPresented(t *testing.T) {
	token, key := secret.New(secret.AccessToken).Reveal(), secret.New(secret.APIKey).Reveal()
	refresh, code := secret.New(secret.RefreshToken).Reveal(), secret.New(secret.Code).Reveal()
	wrong := token[:len(token)-1] + "0"
	if wrong == token {
		wrong = token[:len(token)-1] + "1"
	}
	const auth, apiKey = "Authorization", "X-Api-Key"
	tests := []struct {
		name    string
		headers []string
		query   string
		want    string // the credential, or
		says    string // part of the message
	}{
		{name: "bearer", headers: []string{auth, "Bearer " + token}, want: token},
		{name: "any case", headers: []string{auth, "bEARER " + token}, want: token},
		{name: "blanks around", headers: []string{auth, " Bearer   " + token + " "}, want: token},
		{name: "key", headers: []string{apiKey, key}, want: key},
		{name: "key with blanks around", headers: []string{apiKey, "\t" + key + " "}, want: key},
		{name: "key beside a blank Authorization", headers: []string{auth, " ", apiKey, key}, want: key},
		{name: "nothing", says: "missing"},
		{name: "blank key", headers: []string{apiKey, ""}, says: "missing"},
		{name: "both", headers: []string{auth, "Bearer " + token, apiKey, key}, says: "not both"},
		{name: "two Authorization", headers: []string{auth, "Bearer " + token, auth, "Bearer " + token}, says: "one Authorization"},
		{name: "two Authorization, one blank", headers: []string{auth, "Bearer " + token, auth, ""}, says: "one Authorization"},
		{name: "two keys", headers: []string{apiKey, key, apiKey, key}, says: "one X-Api-Key"},
		{name: "Basic", headers: []string{auth, "Basic dTpw"}, says: "Bearer scheme"},
		{name: "no scheme", headers: []string{auth, token}, says: "the word Bearer"},
		{name: "no token", headers: []string{auth, "Bearer"}, says: "no access token"},
		{name: "two tokens", headers: []string{auth, "Bearer " + token + " " + token}, says: "exactly one"},
		{name: "comma", headers: []string{auth, "Bearer " + token + "," + token}, says: "exactly one"},
		{name: "tab", headers: []string{auth, "Bearer\t" + token}, says: "Bearer scheme"},
		{name: "checksum", headers: []string{auth, "Bearer " + wrong}, says: "invalid"},
		{name: "rubbish", headers: []string{auth, "Bearer rubbish"}, says: "invalid"},
		{name: "refresh token", headers: []string{auth, "Bearer " + refresh}, says: "invalid"},
		{name: "code", headers: []string{auth, "Bearer " + code}, says: "invalid"},
		{name: "key as bearer", headers: []string{auth, "Bearer " + key}, says: "X-Api-Key header"},
		{name: "bare key in Authorization", headers: []string{auth, key}, says: "X-Api-Key header"},
		{name: "token as key", headers: []string{apiKey, token}, says: "Authorization header"},
		{name: "key with a blank inside", headers: []string{apiKey, key[:20] + " " + key[20:]}, says: "blank or a line break"},
		{name: "key with a line break inside", headers: []string{apiKey, key[:20] + "\n" + key[20:]}, says: "blank or a line break"},
		{name: "key with rubbish", headers: []string{apiKey, "é"}, says: "invalid"},
		{name: "access_token in the query", query: "access_token=" + token, says: "never in the URL"},
		{name: "query and header", headers: []string{auth, "Bearer " + token}, query: "access_token=x", says: "never in the URL"},
		{name: "api_key in the query", query: "api_key=" + key, says: "never in the URL"},
		{name: "key under any name", headers: []string{apiKey, key}, query: "q=" + key, says: "never in the URL"},
		{name: "an ordinary query", headers: []string{apiKey, key}, query: "search=key_&page=1", want: key},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/?"+tt.query, nil)
			for i := 0; i < len(tt.headers); i += 2 {
				r.Header.Add(tt.headers[i], tt.headers[i+1])
			}
			got, err := guard.Presented(r)
			if got.Reveal() != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("%v, %v", got, err)
			}
			if err == nil {
				return
			}
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Unauthenticated || !strings.Contains(e.Message, tt.says) {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), token) || strings.Contains(err.Error(), key) {
				t.Error("the credential is in the error")
			}
		})
	}
}

func FuzzPresented(f *testing.F) {
	token := secret.New(secret.AccessToken).Reveal()
	f.Add("Bearer "+token, "", "")
	f.Add("", secret.New(secret.APIKey).Reveal(), "a=b")
	f.Add("bearer  "+token+" ", "\t", "%zz")
	f.Fuzz(func(t *testing.T, auth, key, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		r.Header["Authorization"], r.Header["X-Api-Key"] = []string{auth}, []string{key}
		got, err := guard.Presented(r)
		if (err == nil) == got.IsZero() {
			t.Fatalf("%v, %v", got, err)
		}
		if err != nil {
			if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%v", err)
			}
			return
		}
		if k, err := secret.KindOf(got.Reveal()); err != nil || k != secret.AccessToken && k != secret.APIKey {
			t.Errorf("let through: %v", got)
		}
	})
}
