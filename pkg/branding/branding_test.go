package branding

import (
	"strings"
	"testing"
)

// TestWhateverIsAcceptedCanBeRead tries colours of the whole cube, in both schemes.
func TestWhateverIsAcceptedCanBeRead(t *testing.T) {
	accepted := 0
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				c := Colour{uint8(r), uint8(g), uint8(b)}
				for _, s := range []scheme{light, dark} {
					if s.check(c) == nil {
						accepted++
						checkPalette(t, s, s.palette(c))
					}
				}
				if found, err, _ := Check(c.String(), ""); err == nil {
					if found.Light.Accent != c || dark.check(found.Dark.Accent) != nil {
						t.Errorf("%s becomes %+v", c, found)
					}
				}
			}
		}
	}
	if accepted < 500 {
		t.Errorf("%d colours are accepted", accepted)
	}
}

func checkPalette(t *testing.T, s scheme, p Palette) {
	t.Helper()
	for what, c := range map[string]struct {
		on    Colour
		under []Colour
		least float64
	}{
		"links":                 {p.Accent, s.grounds, legible},
		"words of buttons":      {p.On, []Colour{p.Accent, p.Strong}, legible},
		"strong words":          {p.Strong, []Colour{p.Soft, s.grounds[0], s.card}, legible},
		"second words":          {s.muted, []Colour{p.Soft}, legible},
		"signs on what is soft": {p.Accent, []Colour{p.Soft}, drawn},
		"what is drawn":         {p.Plot, []Colour{s.card, s.track}, drawn},
	} {
		if got := c.on.on(c.under); got < c.least {
			t.Errorf("%s, %s: %s reach %.2f in %+v", s.name, p.Accent, what, got, p)
		}
	}
}

func TestAColourThatCannotBeReadIsOneSentence(t *testing.T) {
	for _, c := range [][3]string{
		{"#17615a", "", ""},
		{"#17615a", "#74cfc1", ""},
		{"", "", ""},
		{"#ffcc00", "", "light"},
		{"#17615a", "#17615a", "dark"},
		{"#17615", "", "no colour"},
		{"17615aa", "", "no colour"},
		{"red", "", "no colour"},
		{"#17615a", "teal", "no colour"},
		{"", "#74cfc1", "needs one"},
		{"#-17615", "", "no colour"},
		{"#+12345", "", "no colour"},
	} {
		_, onLight, onDark := Check(c[0], c[1])
		text := ""
		for _, err := range []error{onLight, onDark} {
			if err != nil {
				text += err.Error()
			}
		}
		if (text == "") != (c[2] == "") || !strings.Contains(text, c[2]) || strings.Contains(text, "\n") {
			t.Errorf("%q: %q", c, text)
		}
	}
}

func TestNamesAndLinks(t *testing.T) {
	for name, good := range map[string]bool{
		"Latchkey": true, "Haus Nagy & Söhne": true, "家計": true, "": false, " x": false, "a\nb": false, "<b>": false, "100%": false,
		"x\u202ey": false, strings.Repeat("x", 33): false, "otp:x": false,
	} {
		if err := checkName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	for link, good := range map[string]bool{
		"": true, "https://example.com/terms": true, "http://localhost/x": true, "javascript:alert(1)": false, "/terms": false, "mailto:a@example.com": false,
		"https://me@example.com": false, "//example.com": false, "data:text/html,x": false,
	} {
		if err := checkLink(link, false); (err == nil) != good {
			t.Errorf("%q: %v", link, err)
		}
	}
	for link, good := range map[string]bool{"mailto:help@example.com": true, "mailto:": false, "mailto:a@example.com?body=x": false, "https://example.com": true, "tel:1": false} {
		if err := checkLink(link, true); (err == nil) != good {
			t.Errorf("support %q: %v", link, err)
		}
	}
}

// TestFilesLoseWhatBrowsersDoNotRead, and the parts of the stylesheet are one file.
func TestFilesLoseWhatBrowsersDoNotRead(t *testing.T) {
	for name, c := range map[string][2]string{
		"a.css": {"/* why */\na { b: c; d: e, f; }\n", " a{b:c;d:e,f}"},
		"a.js":  {"// why\n(() => {\n  // how\n\tf(\"//x\"); // stays\n})();\n", "(() => {\nf(\"//x\"); // stays\n})();\n"},
		"a.svg": {"  <svg/>\n", "  <svg/>\n"},
	} {
		if got := string(Compact(name, []byte(c[0]))); got != c[1] {
			t.Errorf("%s: %q, not %q", name, got, c[1])
		}
	}
	files, err := Branding{}.Files()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 || !strings.Contains(string(files[Style]), ".bar") || !strings.Contains(string(files[Style]), ".emblem") {
		t.Errorf("%d files; the stylesheet has %d bytes", len(files), len(files[Style]))
	}
}

func TestNamesOfFilesAreThoseOfTheInstance(t *testing.T) {
	for name, want := range map[string]string{"": "latchkey", "Latchkey": "latchkey", "Penny Jar": "penny-jar", " R&D/2 \"x\" ": "r-d-2-x", "鍵": "latchkey"} {
		if got := (Branding{Name: name}).FileName(); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
