package preference

import "testing"

func TestOnlyWhatMakesSenseIsRead(t *testing.T) {
	speaks := func(language string) bool { return language == "de" }
	for _, c := range []struct {
		values          []string
		theme, language string
	}{
		{[]string{"dark.de"}, "dark", "de"},
		{[]string{".de"}, "", "de"},
		{[]string{"light."}, "light", ""},
		{[]string{"light"}, "light", ""},
		{[]string{"blue.de"}, "", ""},
		{[]string{"dark.xx"}, "", ""},
		{[]string{"dark.de", "light.de"}, "", ""},
		{nil, "", ""},
	} {
		theme, language := Parse(c.values, speaks)
		if theme != c.theme || language != c.language {
			t.Errorf("%q is %q and %q", c.values, theme, language)
		}
	}
}

func TestLanguageIsTheFirstThatIsKnown(t *testing.T) {
	speaks := func(language string) bool { return language == "de" || language == "en" }
	for accept, want := range map[string]string{
		"": "", "fr": "", "fr, de-AT;q=0.9, en": "de", "EN-gb": "en", "*": "", "../etc, de": "de",
	} {
		if got := Language(accept, speaks); got != want {
			t.Errorf("%q is %q", accept, got)
		}
	}
}
