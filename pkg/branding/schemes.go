package branding

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Schemes are the colours of light and of dark pages as they are shown, whether they are
// the pages' own or the operator's.
type Schemes struct {
	Colours
	// Style is a stylesheet for parts of a page that show one of them whatever the rest has:
	// those of the class scheme-light or scheme-dark.
	Style []byte
}

// Schemes returns the colours of the pages of the instance.
func (b Branding) Schemes() (Schemes, error) {
	files, err := b.Files()
	if err != nil {
		return Schemes{}, err
	}
	var s Schemes
	if b.Colours != nil {
		s.Colours = *b.Colours
	}
	for _, one := range []struct {
		scheme  scheme
		file    string
		palette *Palette
	}{{light, Style, &s.Light}, {dark, DarkStyle, &s.Dark}} {
		found, err := declared(files[one.file])
		if err != nil {
			return Schemes{}, err
		}
		*one.palette = Palette{
			Accent: found["--accent"], Strong: found["--accent-strong"], On: found["--on-accent"], Soft: found["--accent-soft"], Plot: found["--plot"],
		}
		var rules strings.Builder
		for _, name := range slices.Sorted(maps.Keys(found)) {
			fmt.Fprintf(&rules, "%s:%s;", name, found[name])
		}
		s.Style = fmt.Appendf(s.Style, ".scheme-%s{%scolor-scheme:%[1]s}\n", one.scheme.name, rules.String())
	}
	return s, nil
}

var declaration = regexp.MustCompile(`(--[a-z0-9-]+): ?(#[0-9a-f]{6})\b`)

// declared are the colours that a stylesheet names. The last of a name counts.
func declared(style []byte) (map[string]Colour, error) {
	all := map[string]Colour{}
	for _, found := range declaration.FindAllSubmatch(style, -1) {
		c, err := parseColour(string(found[2]))
		if err != nil {
			return nil, fmt.Errorf("branding: %s: %w", found[1], err)
		}
		all[string(found[1])] = c
	}
	return all, nil
}

// Tone is a colour of a scheme.
type Tone struct {
	Name            string // "accent", "on", "strong", "soft" or "plot"
	Colour          Colour
	Contrast, Least float64 // with what it stands on, or with what stands on it: ratios of WCAG 2
}

// Tones are the colours of dark pages, or of light ones.
func (c *Colours) Tones(onDark bool) []Tone {
	s, p := light, c.Light
	if onDark {
		s, p = dark, c.Dark
	}
	return []Tone{
		{"accent", p.Accent, p.Accent.on(s.grounds), legible},
		{"on", p.On, p.On.on([]Colour{p.Accent, p.Strong}), legible},
		{"strong", p.Strong, p.Strong.on([]Colour{p.Soft, s.grounds[0], s.card}), legible},
		{"soft", p.Soft, s.muted.on([]Colour{p.Soft}), legible},
		{"plot", p.Plot, p.Plot.on([]Colour{s.card, s.track}), drawn},
	}
}

// Unlightened is the contrast that the accent of light pages would have on dark ones.
func (c *Colours) Unlightened() float64 { return c.Light.Accent.on(dark.grounds) }
