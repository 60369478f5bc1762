package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"latchkey/pkg/secret"
)

func TestNewIsRecognised(t *testing.T) {
	for _, kind := range []secret.Kind{secret.AccessToken, secret.RefreshToken, secret.Code, secret.APIKey, secret.ClientSecret, secret.Signin} {
		made := secret.New(kind)
		text := made.Reveal()
		if len(text) != 53 || !strings.HasPrefix(text, string(kind)) {
			t.Errorf("%s: %q", kind, made)
		}
		if _, err := secret.Parse(kind, text); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if got, err := secret.KindOf(text); err != nil || got != kind {
			t.Errorf("%s: recognised as %q, %v", kind, got, err)
		}
		if made.Digest() != secret.DigestOf(text) {
			t.Errorf("%s: digest of the token is not the digest of its text", kind)
		}
	}
}

func TestEveryTypingErrorIsCaught(t *testing.T) {
	text := secret.New(secret.AccessToken).Reveal()
	for i := range text {
		for _, c := range []byte{'0', 'Z', 'a', ' ', '-', '\n', 0} {
			if text[i] == c {
				continue
			}
			wrong := text[:i] + string(c) + text[i+1:]
			if _, err := secret.Parse(secret.AccessToken, wrong); err == nil {
				t.Errorf("accepted with %q at %d", c, i)
			}
		}
	}
	for _, wrong := range []string{"", text[:52], text + "0", " " + text, text + " ", "ort_" + text[4:], strings.ToUpper(text)} {
		if _, err := secret.Parse(secret.AccessToken, wrong); err == nil {
			t.Errorf("accepted %q", wrong[:min(len(wrong), 4)])
		}
	}
}

// The encoding is fixed: scanners and old keys depend on it.
func TestEncodingIsStable(t *testing.T) {
	for name, c := range map[string]struct {
		random []byte
		want   string
	}{
		"zeros": {make([]byte, 32), "oat_0000000000000000000000000000000000000000000"},
		"ones":  {bytes.Repeat([]byte{0xff}, 32), "oat_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"},
	} {
		got, err := secret.NewFrom(bytes.NewReader(c.random), secret.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if body := got.Reveal()[:47]; body != c.want {
			t.Errorf("%s: %s", name, body)
		}
		if _, err := secret.Parse(secret.AccessToken, got.Reveal()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := secret.NewFrom(bytes.NewReader(make([]byte, 31)), secret.APIKey); err == nil {
		t.Error("31 random bytes were enough")
	}
}

func TestTokenNeverPrints(t *testing.T) {
	made := secret.New(secret.APIKey)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", made, "in", struct{ K secret.Token }{made})
	asJSON, _ := json.Marshal(map[string]any{"stub": made.String()})
	for name, out := range map[string]string{
		"%v": fmt.Sprintf("%v", made), "%+v": fmt.Sprintf("%+v", struct{ T secret.Token }{made}),
		"%#v": fmt.Sprintf("%#v", made), "%s": fmt.Sprintf("%s", made), "slog": log.String(), "json": string(asJSON), //nolint:staticcheck // the verbs are what is tested
	} {
		if strings.Contains(out, made.Reveal()) || strings.Contains(out, made.Reveal()[4:30]) {
			t.Errorf("%s prints the credential", name)
		}
	}
	if _, err := json.Marshal(made); err == nil {
		t.Error("a credential was marshalled")
	}
	if !strings.HasSuffix(made.String(), made.LastFour()) || !strings.HasPrefix(made.String(), "key_") {
		t.Errorf("stub %s", made)
	}
}

func TestDigestRoundTrip(t *testing.T) {
	d := secret.DigestOf("x")
	v, _ := d.Value()
	var back secret.Digest
	if err := back.Scan(v); err != nil || back != d {
		t.Errorf("%v, %v", back, err)
	}
	if err := back.Scan(nil); err != nil || !back.IsZero() {
		t.Errorf("NULL: %v, %v", back, err)
	}
	if err := back.Scan([]byte{1}); err == nil {
		t.Error("scanned one byte")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(secret.New(secret.AccessToken).Reveal())
	f.Add("oat_")
	f.Add("key_" + strings.Repeat("0", 49))
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := secret.Parse(secret.AccessToken, text)
		if err == nil && tok.Reveal() != text {
			t.Errorf("parsed into something else")
		}
		if kind, errKind := secret.KindOf(text); (errKind == nil && kind == secret.AccessToken) != (err == nil) {
			t.Errorf("Parse and KindOf disagree on %q", text)
		}
	})
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		secret.New(secret.AccessToken)
	}
}

func BenchmarkParseAndDigest(b *testing.B) {
	text := secret.New(secret.AccessToken).Reveal()
	for b.Loop() {
		if _, err := secret.KindOf(text); err != nil {
			b.Fatal(err)
		}
		_ = secret.DigestOf(text)
	}
}
