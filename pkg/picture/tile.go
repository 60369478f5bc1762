package picture

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// Grounds that a picture with see-through parts is put on: whichever it stands out from.
var (
	paper = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	slate = color.NRGBA{R: 25, G: 32, B: 29, A: 255}
)

// maxTile is how many bytes a tile takes; a busier one is drawn with half its side.
const maxTile = 16 << 10

// Tile reads raw and draws it in the middle of a square of side pixels, of which
// nothing is see-through: it looks the same on light and on dark pages. What has
// see-through parts gets a margin.
func Tile(raw []byte, side int) (*Picture, error) {
	original, err := read(raw)
	if err != nil {
		return nil, err
	}
	tile, err := written(onGround(original, side))
	if err == nil && len(tile.PNG) > maxTile {
		return written(onGround(original, side/2))
	}
	return tile, err
}

func onGround(original image.Image, side int) *image.NRGBA {
	room, ground := side, paper
	if !opaque(original) {
		room, ground = side*4/5, groundFor(original)
	}
	size := original.Bounds().Size()
	scale := float64(room) / float64(max(size.X, size.Y))
	w, h := max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))
	at := image.Pt((side-w)/2, (side-h)/2)
	drawn := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(drawn, drawn.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(drawn, image.Rectangle{at, at.Add(image.Pt(w, h))}, original, original.Bounds(), draw.Over, nil)
	return drawn
}

func opaque(m image.Image) bool {
	known, ok := m.(interface{ Opaque() bool })
	return ok && known.Opaque()
}

// groundFor is the ground that m stands out from: a light picture wants a dark one. At
// most a few thousand of its pixels are looked at.
func groundFor(m image.Image) color.NRGBA {
	b := m.Bounds()
	step := max(1, max(b.Dx(), b.Dy())/64)
	var light, seen uint64
	for y := b.Min.Y; y < b.Max.Y; y += step {
		for x := b.Min.X; x < b.Max.X; x += step {
			r, g, blue, a := m.At(x, y).RGBA() // times alpha already
			light += (299*uint64(r) + 587*uint64(g) + 114*uint64(blue)) / 1000
			seen += uint64(a)
		}
	}
	if light*4 > seen*3 {
		return slate
	}
	return paper
}
