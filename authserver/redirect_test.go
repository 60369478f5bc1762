package authserver_test

import (
	"strings"
	"testing"

	"latchkey/authserver"
)

func TestWhatMayBeRegistered(t *testing.T) {
	for _, uri := range []string{
		"https://app.example/cb", "https://app.example/cb?tenant=1", "https://app.example", "http://127.0.0.1/cb",
		"http://127.0.0.1:3000/cb", "http://[::1]/cb", "http://localhost:8080/cb", "com.example.app:/oauth", "com.example.app://callback",
	} {
		if err := authserver.CheckRedirectURI(uri); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
	for _, uri := range []string{
		"https://a.example,evil.example/cb", "https://a.example;x/cb", "https://a.example:65536/cb", "https://[fe80::1%25eth0]/cb",
		"", "/cb", "app.example/cb", "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd",
		"http://app.example/cb", "http://10.0.0.1/cb", "http://127.0.0.1.example/cb", "https://app.example/cb#x", "https://app.example/#",
		"https://user@app.example/cb", "https://user:pw@app.example/", "https://*.example/cb", "https:///cb", "https:cb",
		"sureapp://oauth/callback", "myapp:/cb", "com.example:cb", "https://app.example/c b", "https://app.example/\n", "https://app.example\\@evil/",
		"https://äpp.example/cb", "vbscript:x", "..a:/x", ".a:/x", "a.:/x", "http://0.0.0.0/cb", "http://[::1%25lo]/cb", "https://./", "https://..example/", "https://app..example/cb",
		"https://app.example:/cb", "http://127.0.0.1:/cb", "https://" + strings.Repeat("a", 64) + ".example/", "https://" + strings.Repeat("a.", 127) + "example/", "blob:https://app.example/x",
	} {
		if err := authserver.CheckRedirectURI(uri); err == nil {
			t.Errorf("%q may be registered", uri)
		}
	}
}

func TestRedirectMatching(t *testing.T) {
	c := authserver.Client{RedirectURIs: []string{
		"https://app.example/cb", "https://app.example/q?a=1", "http://127.0.0.1/cb", "http://[::1]:9/v6", "http://localhost/cb", "com.example.app:/cb",
	}}
	for _, uri := range []string{
		"https://app.example/cb", "https://app.example/q?a=1", "http://127.0.0.1/cb", "http://127.0.0.1:4444/cb", "http://[::1]:1/v6", "http://[::1]/v6",
		"http://localhost/cb", "com.example.app:/cb",
	} {
		if !c.AcceptsRedirect(uri) {
			t.Errorf("%s is refused", uri)
		}
	}
	for _, uri := range []string{
		"", "https://app.example/cb/", "https://app.example/CB", "https://App.example/cb", "https://app.example/c%62", "https://app.example/cb?x=1",
		"https://app.example/cb#", "https://app.example:443/cb", "http://app.example/cb", "https://app.example/cb/../cb", "https://app.example/q", "https://app.example/q?a=1&b=2",
		"https://127.0.0.1/cb", "http://127.0.0.1/", "http://127.0.0.1/cb/", "http://127.0.0.1/cb?x", "http://user@127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb",
		"http://127.0.0.2/cb", "http://localhost:99/cb", "http://localhost:80/cb", "http://[::1]/cb", "http://127.0.0.1:99999999/cb/x", "HTTP://127.0.0.1/cb", "http://127.0.0.1:/cb/",
		"http://127.0.0.1:4444/cb#f", "http://127.1/cb", "http://2130706433/cb", "com.example.app:/cb/", "COM.example.app:/cb", "http://127.0.0.1:44\n/cb",
		"http://127.0.0.1:65536/cb", "http://127.0.0.1:080/cb", "http://127.0.0.1:00/cb",
	} {
		if c.AcceptsRedirect(uri) {
			t.Errorf("%q is accepted", uri)
		}
	}
}

func FuzzRedirectMatching(f *testing.F) {
	f.Add("http://127.0.0.1:1/cb")
	f.Add("http://127.0.0.1@evil.example/cb")
	c := authserver.Client{RedirectURIs: []string{"http://127.0.0.1/cb"}}
	f.Fuzz(func(t *testing.T, uri string) {
		if !c.AcceptsRedirect(uri) {
			return
		}
		if uri == "http://127.0.0.1/cb" {
			return
		}
		const prefix, suffix = "http://127.0.0.1:", "/cb"
		if len(uri) < len(prefix)+len(suffix) || uri[:len(prefix)] != prefix || uri[len(uri)-len(suffix):] != suffix {
			t.Fatalf("%q was accepted", uri)
		}
		for _, digit := range uri[len(prefix) : len(uri)-len(suffix)] {
			if digit < '0' || digit > '9' {
				t.Fatalf("%q was accepted", uri)
			}
		}
	})
}
