package config

import "latchkey/pkg/face"

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

	Look face.Face // what the settings say
}

func (f *Face) check() error {
	var err error
	f.Look, err = face.Read("AUTH_", face.Settings{
		Name: f.Name, Colour: f.Colour, ColourDark: f.ColourDark, Logo: f.Logo, LogoDark: f.LogoDark, Terms: f.Terms, Privacy: f.Privacy, Support: f.Support,
	})
	return err
}
