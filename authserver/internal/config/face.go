package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/authserver/internal/picture"
	"latchkey/pkg/face"
)

// Face is how the instance looks and what it calls itself.
type Face struct {
	Name       string `env:"AUTH_NAME" envDefault:"Latchkey"` // on pages, in emails, in authenticator apps
	Colour     string `env:"AUTH_COLOUR"`                     // of links and buttons, #rrggbb; empty: the pages' own
	ColourDark string `env:"AUTH_COLOUR_DARK"`                // on dark pages; empty: AUTH_COLOUR, lightened
	Logo       string `env:"AUTH_LOGO"`                       // path of a PNG, JPEG, GIF or WebP picture
	LogoDark   string `env:"AUTH_LOGO_DARK"`                  // on dark pages; empty: AUTH_LOGO
	Terms      string `env:"AUTH_TERMS_URL"`
	Privacy    string `env:"AUTH_PRIVACY_URL"`
	Support    string `env:"AUTH_SUPPORT_URL"` // may be mailto:

	Look             face.Face        // what the settings say
	Drawn, DrawnDark *picture.Picture // the logos; nil: none
}

// A logo is drawn as large as it fits here, twice as large as pages show it; one that
// takes more bytes is drawn half as large.
const (
	logoWidth, logoHeight = 320, 56
	maxLogo               = 10 << 10
)

func (f *Face) check() error {
	var errs []error
	complain := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	colours, onLight, onDark := face.Check(f.Colour, f.ColourDark)
	complain("AUTH_COLOUR", onLight)
	complain("AUTH_COLOUR_DARK", onDark)
	complain("AUTH_NAME", face.CheckName(f.Name))
	complain("AUTH_TERMS_URL", face.CheckLink(f.Terms, false))
	complain("AUTH_PRIVACY_URL", face.CheckLink(f.Privacy, false))
	complain("AUTH_SUPPORT_URL", face.CheckLink(f.Support, true))
	var err error
	f.Drawn, err = drawLogo(f.Logo)
	complain("AUTH_LOGO", err)
	f.DrawnDark, err = drawLogo(f.LogoDark)
	if f.LogoDark != "" && f.Logo == "" {
		err = errors.New("needs AUTH_LOGO")
	}
	complain("AUTH_LOGO_DARK", err)
	f.Look = face.Face{Name: f.Name, Colours: colours, Links: face.Links{Terms: f.Terms, Privacy: f.Privacy, Support: f.Support}}
	return errors.Join(errs...)
}

// drawLogo draws the picture in the file anew; nil: there is no file.
func drawLogo(path string) (*picture.Picture, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := readLogo(path)
	if err != nil {
		return nil, err
	}
	for _, part := range []int{1, 2} {
		found, err := picture.Fit(raw, logoWidth/part, logoHeight/part)
		if err != nil {
			return nil, fmt.Errorf("%s %w", path, err)
		}
		if len(found.PNG) <= maxLogo {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%s is too busy: drawn small it takes more than %d KiB, so use one with fewer colours", path, maxLogo>>10)
}

func readLogo(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("names no file that can be read: %w", err)
	case !info.Mode().IsRegular() || info.Size() > picture.MaxBytes:
		return nil, fmt.Errorf("%s is no file of at most %d KiB", path, picture.MaxBytes>>10)
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("names no file that can be read: %w", err)
	}
	return raw, nil
}
