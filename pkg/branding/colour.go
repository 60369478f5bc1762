package branding

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Colour is an opaque sRGB colour.
type Colour struct{ R, G, B uint8 }

// parseColour reads #rrggbb.
func parseColour(text string) (Colour, error) {
	raw, err := strconv.ParseUint(trimHash(text), 16, 32)
	if err != nil || len(text) != 7 {
		return Colour{}, fmt.Errorf("%q is no colour such as #17615a", text)
	}
	return Colour{uint8(raw >> 16), uint8(raw >> 8), uint8(raw)}, nil //nolint:gosec // each is one byte of three
}

func trimHash(text string) string {
	if text == "" || text[0] != '#' {
		return ""
	}
	return text[1:]
}

// String is the colour as #rrggbb.
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance is the relative luminance of WCAG 2.
func (c Colour) luminance() float64 {
	linear := func(channel uint8) float64 {
		v := float64(channel) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// contrast is the contrast ratio of WCAG 2, from 1 to 21.
func contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// mixed is c with share of other, from 0 to 1.
func (c Colour) mixed(other Colour, share float64) Colour {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*share)) }
	return Colour{part(c.R, other.R), part(c.G, other.G), part(c.B, other.B)}
}

// reaching is c, with as little of other as makes it reach the ratio on every ground.
func (c Colour) reaching(ratio float64, other Colour, grounds ...Colour) Colour {
	for share := range 101 {
		if found := c.mixed(other, float64(share)/100); found.on(grounds) >= ratio {
			return found
		}
	}
	return other
}

// on is the least contrast of c on one of the grounds.
func (c Colour) on(grounds []Colour) float64 {
	least := math.Inf(1)
	for _, ground := range grounds {
		least = min(least, contrast(c, ground))
	}
	return least
}

// legible is the least contrast of words (WCAG 2.2, 1.4.3), drawn that of marks (1.4.11).
const (
	legible = 4.5
	drawn   = 3.0
)

var (
	black = Colour{0, 0, 0}
	white = Colour{255, 255, 255}
	// What words stand on: the ground and the cards of each scheme, and the words
	// themselves, as the pages' stylesheets have them.
	light = scheme{name: "light", grounds: []Colour{{0xf5, 0xf6, 0xf4}, white, {0xf0, 0xf3, 0xf0}}, track: Colour{0xdf, 0xe5, 0xe1}, muted: Colour{0x54, 0x5e, 0x58}, away: black, card: white}
	dark  = scheme{name: "dark", grounds: []Colour{{0x0f, 0x14, 0x12}, {0x17, 0x1e, 0x1b}, {0x1f, 0x28, 0x24}}, track: Colour{0x33, 0x40, 0x3a}, muted: Colour{0xa8, 0xb3, 0xad}, away: white, card: Colour{0x17, 0x1e, 0x1b}}
)

type scheme struct {
	name    string
	grounds []Colour
	track   Colour // under a meter
	muted   Colour // second words, which may stand on the soft colour
	away    Colour // towards which contrast grows
	card    Colour
}

// Palette is what one colour becomes in one scheme: the accent, what is stronger and
// softer than it, words on it, and what is drawn in pictures.
type Palette struct{ Accent, Strong, On, Soft, Plot Colour }

func (s scheme) palette(accent Colour) Palette {
	p := Palette{Accent: accent, On: white}
	if s.away == white {
		p.On = accent.mixed(black, 0.8).reaching(legible, black, accent)
	}
	p.Soft = accent.mixed(s.card, 0.87)
	for share := 0.87; contrast(s.muted, p.Soft) < legible && share < 1; share += 0.01 {
		p.Soft = accent.mixed(s.card, share)
	}
	p.Strong = accent.mixed(s.away, 0.25).reaching(legible, s.away, p.Soft, s.grounds[0])
	p.Plot = accent.reaching(drawn, s.away, s.card, s.track)
	return p
}

// check refuses an accent that cannot be read.
func (s scheme) check(accent Colour) error {
	if got := accent.on(s.grounds); got < legible {
		direction := "darker"
		if s.away == white {
			direction = "lighter"
		}
		return fmt.Errorf("%s cannot be read on the %s pages: its contrast is %.1f and must be %.1f, so choose a %s one", accent, s.name, math.Floor(got*10)/10, legible, direction)
	}
	return nil
}

// errNoLight refuses a colour of the dark scheme alone.
var errNoLight = errors.New("a colour of the dark pages needs one of the light ones")

// Colours are the palettes of both schemes.
type Colours struct {
	Light, Dark Palette
	Lightened   bool // Dark is made of the accent of Light: nobody chose another
}

// Check makes palettes of the operator's colours, #rrggbb. onDark "" is onLight, lightened
// until it can be read there; both "" is nil: the pages' own. The first error is what
// is wrong with onLight, the second with onDark.
func Check(onLight, onDark string) (found *Colours, lightErr, darkErr error) {
	if onLight == "" && onDark == "" {
		return nil, nil, nil
	}
	if onLight == "" {
		return nil, nil, errNoLight
	}
	accent, err := parseColour(onLight)
	if err == nil {
		err = light.check(accent)
	}
	if err != nil {
		lightErr = err
	}
	bright := accent.reaching(7, white, dark.grounds...)
	if onDark != "" {
		if bright, err = parseColour(onDark); err == nil {
			err = dark.check(bright)
		}
		darkErr = err
	}
	if lightErr != nil || darkErr != nil {
		return nil, lightErr, darkErr
	}
	return &Colours{Light: light.palette(accent), Dark: dark.palette(bright), Lightened: onDark == ""}, nil, nil
}

// css is the palette as the custom properties of the stylesheets.
func (p Palette) css() string {
	return fmt.Sprintf(":root { --accent: %s; --accent-strong: %s; --on-accent: %s; --accent-soft: %s; --plot: %s; }\n", p.Accent, p.Strong, p.On, p.Soft, p.Plot)
}
