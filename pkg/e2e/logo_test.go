package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// aLogo is a picture of side pixels: a ring on nothing.
func aLogo(t *testing.T, side int) []byte {
	t.Helper()
	drawn, middle := image.NewNRGBA(image.Rect(0, 0, side, side)), float64(side)/2
	for x := range side {
		for y := range side {
			dx, dy := (float64(x)-middle)/middle, (float64(y)-middle)/middle
			if far := dx*dx + dy*dy; far < 0.95 && far > 0.3 {
				drawn.SetNRGBA(x, y, color.NRGBA{R: 63, G: 95, B: 168, A: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
