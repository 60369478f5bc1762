package config

import "latchkey/pkg/branding"

// BrandingSettings say how the pages at /docs look; the same as the pages of the authorization server.
type BrandingSettings struct {
	Name       string `env:"API_NAME" envDefault:"Latchkey"`
	Colour     string `env:"API_COLOUR"`
	ColourDark string `env:"API_COLOUR_DARK"`
	Logo       string `env:"API_LOGO"` // path of a PNG, JPEG, GIF or WebP picture
	LogoDark   string `env:"API_LOGO_DARK"`
	Terms      string `env:"API_TERMS_URL"`
	Privacy    string `env:"API_PRIVACY_URL"`
	Support    string `env:"API_SUPPORT_URL"` // may be mailto:

	Branding branding.Branding // what the settings say
}

func (s *BrandingSettings) check() error {
	var err error
	s.Branding, err = branding.Read("API_", branding.Settings{
		Name: s.Name, Colour: s.Colour, ColourDark: s.ColourDark, Logo: s.Logo, LogoDark: s.LogoDark, Terms: s.Terms, Privacy: s.Privacy, Support: s.Support,
	})
	return err
}
