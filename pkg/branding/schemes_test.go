package branding

import (
	"strings"
	"testing"
)

// The pages' own colours can be read too, and are those of the stylesheets.
func TestSchemesAreAsShown(t *testing.T) {
	own, err := Branding{}.Schemes()
	if err != nil {
		t.Fatal(err)
	}
	chosen, onLight, onDark := Check("#7a1fa2", "")
	if onLight != nil || onDark != nil || !chosen.Lightened {
		t.Fatal(onLight, onDark, chosen)
	}
	other, err := Branding{Colours: chosen}.Schemes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		shown       Schemes
		light, dark string
	}{{own, "#17615a", "#74cfc1"}, {other, "#7a1fa2", chosen.Dark.Accent.String()}} {
		style := string(c.shown.Style)
		for _, want := range []string{
			".scheme-light{--accent:" + c.light + ";", ".scheme-dark{--accent:" + c.dark + ";", "--ground:#f5f6f4;", "--ground:#0f1412;",
			"color-scheme:light}", "color-scheme:dark}",
		} {
			if !strings.Contains(style, want) {
				t.Errorf("no %s in %s", want, style)
			}
		}
		for _, onDark := range []bool{false, true} {
			tones := c.shown.Tones(onDark)
			if want := map[bool]string{false: c.light, true: c.dark}[onDark]; len(tones) != 5 || tones[0].Colour.String() != want {
				t.Errorf("%+v", tones)
			}
			for _, one := range tones {
				if one.Contrast < one.Least {
					t.Errorf("%s on dark %v: %+v", c.light, onDark, one)
				}
			}
		}
	}
	if own.Lightened || !other.Lightened || other.Unlightened() >= legible {
		t.Errorf("%v, %v, %v", own.Lightened, other.Lightened, other.Unlightened())
	}
	if other.Colours != *chosen {
		t.Errorf("%+v is shown as %+v", chosen, other.Colours)
	}
}
