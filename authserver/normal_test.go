package authserver_test

import (
	"testing"

	"latchkey/authserver"
)

func TestNormalizeEmail(t *testing.T) {
	for text, want := range map[string]string{
		" Ada@Example.COM ":           "ada@example.com",
		"a@bücher.example":            "a@xn--bcher-kva.example",
		"a@BU\u0308CHER.example":      "a@xn--bcher-kva.example",
		"a@xn--bcher-kva.example":     "a@xn--bcher-kva.example",
		"ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ":             "ada@example.com",
		"ada@example。com":             "ada@example.com",
		"\u00a0ada@example.com\u200b": "ada@example.com",
		"ada":                         "ada",
		"":                            "",
		"a@b@c.example":               "a@b@c.example",
	} {
		got := authserver.NormalizeEmail(text)
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		if authserver.NormalizeEmail(got) != got {
			t.Errorf("%q changes when it is normalised again", got)
		}
	}
	for _, text := range []string{"ä@example.com", "a@-.example", "a@b c.example", "a b@example.com", "a@b@c.example"} {
		if len(authserver.CheckEmail(authserver.NormalizeEmail(text))) == 0 {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestNormalizeCode(t *testing.T) {
	for text, want := range map[string]string{
		"123 456": "123456", "123\u00a0456": "123456", "\u202f123-456\u200b": "123456", "１２３４５６": "123456",
		"١٢٣٤٥٦": "123456", "۱۲۳۴۵۶": "123456", "१२३४५६": "123456", "𝟏𝟐𝟑456": "123456", "ABCD\u2011efgh": "abcdefgh", "": "", "x": "x",
	} {
		if got := authserver.NormalizeCode(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"Ada@bücher.example", "é", "e\u0301", "123 456", "\xff", "a@\u00ad"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if once := authserver.NormalizePassword(text); authserver.NormalizePassword(once) != once {
			t.Errorf("%q changes twice", text)
		}
		if once := authserver.NormalizeEmail(text); len(authserver.CheckEmail(once)) == 0 && authserver.NormalizeEmail(once) != once {
			t.Errorf("%q changes twice", text)
		}
	})
}
