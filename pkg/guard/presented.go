package guard

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/pkg/secret"
)

// errNoCredential means that the request presented none: RFC 6750 section 3.1
// wants a challenge without an error for it.
var errNoCredential = ruleNone.refuse(messageKey)

// presented finds the one credential of a request: an access token in the
// Authorization header (RFC 6750 section 2.1; the other two ways of that RFC
// are refused) or an API key in X-Api-Key, never both, never twice. It looks
// nothing up: what it returns is well formed and in its right place. The error
// is errNoCredential or a fault.Unauthenticated that says what is wrong.
func presented(r *http.Request) (secret.Token, error) {
	if inURL(r.URL) {
		return secret.Token{}, ruleURL.refuse(
			"Send the credential in the Authorization or X-Api-Key header, never in the URL; replace the one that was sent there")
	}
	bearers, keys := given(r.Header["Authorization"]), given(r.Header["X-Api-Key"])
	switch {
	case len(bearers) > 0 && len(keys) > 0:
		return secret.Token{}, ruleSeveral.refuse("Send either an Authorization header or an X-Api-Key header, not both")
	case len(bearers) > 1:
		return secret.Token{}, ruleSeveral.refuse("Send one Authorization header, not several")
	case len(keys) > 1:
		return secret.Token{}, ruleSeveral.refuse("Send one X-Api-Key header, not several")
	case len(bearers) == 1:
		return bearer(bearers[0])
	case len(keys) == 1:
		return apiKey(keys[0])
	}
	return secret.Token{}, errNoCredential
}

// given drops a single blank header: a client that sends an empty setting has
// presented nothing. Several headers are several, blank or not.
func given(values []string) []string {
	if len(values) == 1 && strings.Trim(values[0], " \t") == "" {
		return nil
	}
	return values
}

func bearer(value string) (secret.Token, error) {
	if text, ok := strings.CutPrefix(value, "Bearer "); ok { // what nearly every caller sends
		if token, err := secret.Parse(secret.AccessToken, text); err == nil {
			return token, nil
		}
	}
	scheme, rest, _ := strings.Cut(strings.Trim(value, " \t"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		if k, err := secret.KindOf(scheme); err == nil && rest == "" {
			return secret.Token{}, misplaced(k, "Write the word Bearer and a blank before the access token")
		}
		if k, err := secret.KindOf(strings.Trim(rest, " \t")); err == nil && k == secret.APIKey {
			return secret.Token{}, misplaced(k, "")
		}
		return secret.Token{}, ruleForm.refuse("The Authorization header must use the Bearer scheme")
	}
	text := strings.Trim(rest, " \t")
	if text == "" {
		return secret.Token{}, ruleForm.refuse("The Authorization header has no access token after the word Bearer")
	}
	if strings.ContainsAny(text, " \t\r\n,") {
		return secret.Token{}, ruleForm.refuse("The Authorization header must hold exactly one access token, with no blanks in it")
	}
	token, err := secret.Parse(secret.AccessToken, text)
	if err != nil {
		if kind, err := secret.KindOf(text); err == nil && kind == secret.APIKey {
			return secret.Token{}, misplaced(kind, "")
		}
		return secret.Token{}, ruleForm.refuse(messageToken)
	}
	return token, nil
}

func apiKey(value string) (secret.Token, error) {
	text := strings.Trim(value, " \t")
	if strings.ContainsAny(text, " \t\r\n") {
		return secret.Token{}, ruleForm.refuse("The API key has a blank or a line break in it: copy it again, whole and in one piece")
	}
	token, err := secret.Parse(secret.APIKey, text)
	if err != nil {
		if kind, err := secret.KindOf(text); err == nil && kind == secret.AccessToken {
			return secret.Token{}, ruleHeader.refuse("Send access tokens in the Authorization header: Authorization: Bearer <token>")
		}
		return secret.Token{}, ruleForm.refuse(messageKey)
	}
	return token, nil
}

func misplaced(kind secret.Kind, otherwise string) error {
	if kind == secret.APIKey {
		return ruleHeader.refuse("Send API keys in the X-Api-Key header, not in Authorization")
	}
	return ruleHeader.refuse(otherwise)
}

// inURL reports whether somebody put a credential into the query, where logs
// and browser histories keep it.
func inURL(u *url.URL) bool {
	if u.RawQuery == "" {
		return false
	}
	for name, values := range u.Query() {
		switch strings.ToLower(name) {
		case "access_token", "api_key", "apikey", "x-api-key", "x_api_key":
			return true
		}
		for _, v := range values {
			if _, err := secret.KindOf(v); err == nil {
				return true
			}
		}
	}
	return false
}
