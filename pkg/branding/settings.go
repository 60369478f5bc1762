package branding

import (
	"errors"
	"fmt"
)

// Settings are what an operator says about how an instance looks, as text.
type Settings struct {
	Name                    string // 1 to 32 characters
	Colour, ColourDark      string // #rrggbb; "": the pages' own, or Colour lightened
	Logo, LogoDark          string // paths of pictures; "": our sign, or Logo
	Terms, Privacy, Support string // https URLs, Support perhaps mailto:; "": nowhere
}

// Read makes a branding of settings whose names in the environment begin with prefix. The
// error names each that cannot be shown, and why.
func Read(prefix string, s Settings) (Branding, error) {
	var errs []error
	complain := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s%s: %w", prefix, name, err))
		}
	}
	b := Branding{Name: s.Name, Links: Links{Terms: s.Terms, Privacy: s.Privacy, Support: s.Support}}
	var onLight, onDark, err error
	b.Colours, onLight, onDark = Check(s.Colour, s.ColourDark)
	complain("COLOUR", onLight)
	complain("COLOUR_DARK", onDark)
	complain("NAME", checkName(s.Name))
	complain("TERMS_URL", checkLink(s.Terms, false))
	complain("PRIVACY_URL", checkLink(s.Privacy, false))
	complain("SUPPORT_URL", checkLink(s.Support, true))
	b.Logo, err = drawLogo(s.Logo)
	complain("LOGO", err)
	b.LogoDark, err = drawLogo(s.LogoDark)
	if s.LogoDark != "" && s.Logo == "" {
		err = errors.New("needs " + prefix + "LOGO")
	}
	complain("LOGO_DARK", err)
	return b, errors.Join(errs...)
}
