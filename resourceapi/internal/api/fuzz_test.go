package api

import (
	"testing"

	"latchkey/resourceapi/internal/store"
)

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAA")
	f.Add(cursorText(store.Cursor{ID: "2f1e8b7a-0000-4000-8000-00000000abcd", Date: 20_000}))
	f.Fuzz(func(t *testing.T, text string) {
		c, valid := parseCursor(text)
		if !valid {
			return
		}
		again, valid := parseCursor(cursorText(store.Cursor{ID: c.ID, Date: c.Date, CreatedAt: c.CreatedAt}))
		if !valid || again != c {
			t.Fatalf("%q is %+v, and then %+v", text, c, again)
		}
	})
}

func FuzzIdempotencyKey(f *testing.F) {
	for _, seed := range []string{"k", `"k"`, `"`, `""`, `"a\"b"`, " k ", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := idempotencyKey([]string{text})
		if err == nil && (key == "" || len(key) > maxIdempotencyKey) {
			t.Fatalf("%q is the key %q", text, key)
		}
	})
}

func FuzzMerchantFile(f *testing.F) {
	for _, seed := range []string{"name\nx\n", "\xef\xbb\xbfName,website\n\"a,b\",c\n", "name\n\"", "title\n", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, _, err := parseMerchants(raw)
		if err != nil {
			return
		}
		for _, m := range list {
			if broken := m.Check(); len(broken) > 0 {
				t.Fatalf("%q is let through: %v", m.Name, broken)
			}
		}
	})
}
