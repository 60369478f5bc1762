package config

import "latchkey/pkg/branding"

// BrandingSettings say how the instance looks and what it calls itself.
type BrandingSettings struct {
	Name       string `env:"AUTH_NAME" envDefault:"Latchkey"` // on pages, in emails, in authenticator apps
	Colour     string `env:"AUTH_COLOUR"`                     // of links and buttons, #rrggbb; empty: the pages' own
	ColourDark string `env:"AUTH_COLOUR_DARK"`                // on dark pages; empty: AUTH_COLOUR, lightened
	Logo       string `env:"AUTH_LOGO"`                       // path of a PNG, JPEG, GIF or WebP picture
	LogoDark   string `env:"AUTH_LOGO_DARK"`                  // on dark pages; empty: AUTH_LOGO
	Terms      string `env:"AUTH_TERMS_URL"`
	Privacy    string `env:"AUTH_PRIVACY_URL"`
	Support    string `env:"AUTH_SUPPORT_URL"` // may be mailto:

	Branding branding.Branding // what the settings say
}

func (s *BrandingSettings) check() error {
	var err error
	s.Branding, err = branding.Read("AUTH_", branding.Settings{
		Name: s.Name, Colour: s.Colour, ColourDark: s.ColourDark, Logo: s.Logo, LogoDark: s.LogoDark, Terms: s.Terms, Privacy: s.Privacy, Support: s.Support,
	})
	return err
}
