package oauth

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/authserver"
)

func formRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestReadFormRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"twice": "code=a&code=b", "NUL": "code=a%00", "no UTF-8": "code=%ff", "line break": "code=a%0Ab",
		"broken escape": "code=%zz", "semicolon": "a;b=c", "too large": "code=" + strings.Repeat("x", maxForm),
	} {
		if _, err := readForm(httptest.NewRecorder(), formRequest(body)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	form, err := readForm(httptest.NewRecorder(), formRequest("grant_type=x&resource=a&resource=b&state=%C3%A4"))
	if err != nil || form.Get("state") != "ä" {
		t.Errorf("%v, %v", form, err)
	}
}

func FuzzClientCredentials(f *testing.F) {
	f.Add("Basic "+base64.StdEncoding.EncodeToString([]byte("id:secret")), "client_id=id")
	f.Add("Bearer x", "client_secret=")
	f.Add("Basic Og==", "")
	f.Add("Basic "+base64.StdEncoding.EncodeToString([]byte("id:")), "client_id=id&client_secret=")
	f.Fuzz(func(t *testing.T, header, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		c, err := clientCredentials(r, form)
		if err != nil {
			return
		}
		want := authserver.AuthBasic
		if c.secret == "" {
			want = authserver.AuthNone
		}
		if c.method != want || form.Get("client_secret") != "" || c.id == "" {
			t.Errorf("%q beside %q: %+v", header, body, c)
		}
	})
}
