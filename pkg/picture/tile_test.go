package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// ring is a see-through picture with something of a colour in its middle.
func ring(width, height int, c color.NRGBA) image.Image {
	drawn := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := width / 4; x < width*3/4; x++ {
		for y := height / 4; y < height*3/4; y++ {
			drawn.SetNRGBA(x, y, c)
		}
	}
	return drawn
}

func decoded(t *testing.T, p *Picture) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(p.PNG))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func lightness(m image.Image, x, y int) uint32 {
	r, g, b, _ := m.At(x, y).RGBA()
	return (r + g + b) / 3 >> 8
}

// TestTilesStandOut: a white sign on nothing is put on dark, a black one on white, and
// nothing of a tile is see-through.
func TestTilesStandOut(t *testing.T) {
	for what, is := range map[string]struct {
		sign   color.NRGBA
		ground bool // light
	}{
		"white": {color.NRGBA{R: 255, G: 255, B: 255, A: 255}, false}, "black": {color.NRGBA{A: 255}, true},
		"faint white": {color.NRGBA{R: 255, G: 255, B: 255, A: 90}, false}, "green": {color.NRGBA{R: 20, G: 140, B: 60, A: 255}, true}, "nothing": {color.NRGBA{}, true},
	} {
		for _, size := range [][2]int{{200, 200}, {300, 40}, {3, 900}} {
			tile, err := Tile(encoded(t, "png", ring(size[0], size[1], is.sign)), 112)
			if err != nil {
				t.Fatal(err)
			}
			m := decoded(t, tile)
			if known, ok := m.(interface{ Opaque() bool }); !ok || !known.Opaque() || tile.Width != 112 || tile.Height != 112 {
				t.Errorf("%s %v: see-through, or %d by %d", what, size, tile.Width, tile.Height)
			}
			if light := lightness(m, 1, 1) > 128; light != is.ground {
				t.Errorf("%s %v: on a light ground: %t", what, size, light)
			}
		}
	}
	again, err := Tile(encoded(t, "jpeg", sample(400, 400)), 112)
	if err != nil || lightness(decoded(t, again), 1, 1) > 200 {
		t.Errorf("a full picture has a margin: %v", err)
	}
}

// TestTilesAreSmall, whatever they show.
func TestTilesAreSmall(t *testing.T) {
	noise, from := image.NewNRGBA(image.Rect(0, 0, 300, 300)), rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a picture
	for i := range noise.Pix {
		noise.Pix[i] = uint8(from.Uint32()) //nolint:gosec // a colour
	}
	tile, err := Tile(encoded(t, "png", noise), 112)
	if err != nil || len(tile.PNG) > maxTile || tile.Width != 56 {
		t.Errorf("%v: %d bytes, %d wide", err, len(tile.PNG), tile.Width)
	}
}

// TestScansAreCounted: a progressive JPEG can ask for a walk over all its blocks with a
// few bytes, again and again.
func TestScansAreCounted(t *testing.T) {
	raw := encoded(t, "jpeg", sample(200, 200))
	at := bytes.Index(raw, []byte{0xff, 0xda})
	scan := append([]byte{}, raw[at:len(raw)-2]...)
	for _, scans := range []int{1, maxScans, maxScans + 1} {
		many := append([]byte{}, raw[:at]...)
		for range scans {
			many = append(many, scan...)
		}
		many = append(many, 0xff, 0xd9)
		if _, err := Tile(many, 20); (err == nil) != (scans <= maxScans) {
			t.Errorf("%d scans: %v", scans, err)
		}
	}
}
