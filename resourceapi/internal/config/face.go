package config

import (
	"errors"
	"fmt"

	"latchkey/pkg/face"
)

// checkFace reads how the pages look, and says what is wrong with it.
func (c *Config) checkFace() error {
	var errs []error
	complain := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	colours, onLight, onDark := face.Check(c.Colour, c.ColourDark)
	complain("API_NAME", face.CheckName(c.Name))
	complain("API_COLOUR", onLight)
	complain("API_COLOUR_DARK", onDark)
	c.Face = face.Face{Name: c.Name, Colours: colours}
	return errors.Join(errs...)
}
