package secret_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"latchkey/pkg/secret"
)

var everyKind = []secret.Kind{
	secret.AccessToken, secret.RefreshToken, secret.Code, secret.APIKey, secret.ClientSecret, secret.Signin,
	secret.Visit, secret.InviteCode, secret.ResetLink, secret.EmailLink, secret.RestoreLink, secret.DeletionLink, secret.ExchangeCode, secret.LinkingCode,
	secret.RegistrationToken, secret.ManagementToken, secret.DeviceCode,
}

func TestScanFindsEveryKindAnywhere(t *testing.T) {
	pattern := regexp.MustCompile(secret.Pattern)
	for _, kind := range everyKind {
		made := secret.New(kind)
		if !pattern.MatchString("KEY=" + made.Reveal() + "\n") {
			t.Errorf("%s does not match the pattern", kind)
		}
		if kind.Name() == "credential" {
			t.Errorf("%s has no name", kind)
		}
		for name, text := range map[string]string{
			"alone":        made.Reveal(),
			"in a setting": "# settings\nLATCHKEY_KEY=\"" + made.Reveal() + "\"\n",
			"in a URL":     "\nhttps://x.example/?k=" + made.Reveal() + "&y=1",
			"far away":     strings.Repeat("word_ ", 20_000) + "\n" + made.Reveal() + strings.Repeat(" word", 20_000),
			"run together": "\nabc" + made.Reveal() + "_",
		} {
			for _, reader := range []string{"whole", "byte by byte"} {
				in := strings.NewReader(text)
				var found []secret.Match
				scan := func(m secret.Match) { found = append(found, m) }
				var err error
				if reader == "whole" {
					err = secret.Scan(in, scan)
				} else if len(text) < 1000 {
					err = secret.Scan(iotest.OneByteReader(in), scan)
				} else {
					continue
				}
				line := strings.Count(text[:strings.Index(text, made.Reveal())], "\n") + 1
				if err != nil || len(found) != 1 || found[0] != (secret.Match{Kind: kind, Stub: made.String(), Line: line}) {
					t.Errorf("%s %s, %s: %v, %v", kind, name, reader, found, err)
				}
			}
		}
	}
}

func TestScanReadsUTF16(t *testing.T) {
	made := secret.New(secret.APIKey)
	var raw []byte
	for _, unit := range utf16.Encode([]rune("\ufeffkey: " + made.Reveal() + "\r\n")) {
		raw = append(raw, byte(unit), byte(unit>>8))
	}
	n := 0
	if err := secret.Scan(strings.NewReader(string(raw)), func(secret.Match) { n++ }); err != nil || n != 1 {
		t.Errorf("%d found, %v", n, err)
	}
}

func TestScanIsNotFooled(t *testing.T) {
	text := secret.New(secret.APIKey).Reveal()
	for _, wrong := range []string{
		"", "key_", text[:52], text[:10] + "\n" + text[10:], "kex_" + text[4:], text[:20] + "!" + text[21:],
		"key_" + strings.Repeat("A", 49), strings.Repeat("_", 1000), strings.ToLower(text),
	} {
		if err := secret.Scan(strings.NewReader(wrong), func(m secret.Match) { t.Errorf("found %v in %q", m, wrong[:min(8, len(wrong))]) }); err != nil {
			t.Error(err)
		}
	}
	if err := secret.Scan(iotest.ErrReader(iotest.ErrTimeout), func(secret.Match) {}); err == nil {
		t.Error("a reader's error was lost")
	}
}

func FuzzScan(f *testing.F) {
	f.Add("x "+secret.New(secret.APIKey).Reveal(), 3)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		count := func(parts ...string) (n int) {
			readers := strings.NewReader(strings.Join(parts, ""))
			if err := secret.Scan(iotest.HalfReader(readers), func(secret.Match) { n++ }); err != nil {
				t.Error(err)
			}
			return n
		}
		made := secret.New(secret.RefreshToken).Reveal()
		cut = min(max(cut, 0), len(text))
		if strings.ContainsRune(text, 0) {
			return
		}
		if with, without := count(text[:cut], made, text[cut:]), count(text[:cut])+count(text[cut:]); with < without+1 {
			t.Errorf("%d found, want at least %d", with, without+1)
		}
	})
}
