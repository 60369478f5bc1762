package config

import "latchkey/pkg/face"

// Face is how the pages at /docs look; the same as the pages of the authorization server.
type Face struct {
	Name       string `env:"API_NAME" envDefault:"Latchkey"`
	Colour     string `env:"API_COLOUR"`
	ColourDark string `env:"API_COLOUR_DARK"`
	Logo       string `env:"API_LOGO"` // path of a PNG, JPEG, GIF or WebP picture
	LogoDark   string `env:"API_LOGO_DARK"`
	Terms      string `env:"API_TERMS_URL"`
	Privacy    string `env:"API_PRIVACY_URL"`
	Support    string `env:"API_SUPPORT_URL"` // may be mailto:

	Look face.Face // what the settings say
}

func (f *Face) check() error {
	var err error
	f.Look, err = face.Read("API_", face.Settings{
		Name: f.Name, Colour: f.Colour, ColourDark: f.ColourDark, Logo: f.Logo, LogoDark: f.LogoDark, Terms: f.Terms, Privacy: f.Privacy, Support: f.Support,
	})
	return err
}
