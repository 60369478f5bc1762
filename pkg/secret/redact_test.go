package secret_test

import (
	"testing"

	"latchkey/pkg/secret"
)

func TestRedactLeavesNothingOfACredential(t *testing.T) {
	token, key := secret.New(secret.AccessToken).Reveal(), secret.New(secret.APIKey).Reveal()
	for text, want := range map[string]string{
		"":                                     "",
		"plain_text and _more_of_it_":          "plain_text and _more_of_it_",
		"key_value, key_of_the_house":          "key_value, key_of_the_house",
		token:                                  "oat_…",
		"https://a.example/?t=" + token + "&x": "https://a.example/?t=oat_…&x",
		key + token:                            "key_…",
		token[:30]:                             "oat_…",
		"x_" + key + " " + token[:20] + "!":    "x_key_… oat_…!",
	} {
		if got := secret.Redact(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
