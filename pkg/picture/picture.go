// Package picture makes a picture that somebody else made into one of ours: pixels are
// read, scaled down and written anew as PNG, so nothing of the original but its look
// gets through.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // what is read, besides PNG
	_ "image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // what is read, besides PNG
)

// Limits of what is read. A picture that says in its header to be larger is not decoded.
const (
	MaxBytes = 512 << 10
	maxSide  = 4096
	maxArea  = 4 << 20 // pixels: 16 MiB of memory
	maxScans = 100     // of a JPEG: each may say little, and costs a walk over all of it
)

// Picture is a PNG that this package wrote.
type Picture struct {
	PNG           []byte
	Width, Height int // pixels
}

// ErrKind refuses what is no picture that can be read.
var ErrKind = errors.New("must be a PNG, JPEG, GIF or WebP picture (no SVG, which can hold scripts)")

// Fit reads raw and draws it as large as it fits into width by height pixels, never
// larger than it is. Of a picture that moves it is the first one.
func Fit(raw []byte, width, height int) (*Picture, error) {
	original, err := read(raw)
	if err != nil {
		return nil, err
	}
	size := original.Bounds().Size()
	scale := min(1, float64(width)/float64(size.X), float64(height)/float64(size.Y))
	drawn := image.NewNRGBA(image.Rect(0, 0, max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))))
	draw.CatmullRom.Scale(drawn, drawn.Bounds(), original, original.Bounds(), draw.Src, nil)
	return written(drawn)
}

// read decodes raw, after a look at its header.
func read(raw []byte) (image.Image, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("is larger than %d KiB", MaxBytes>>10)
	}
	header, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || header.Width < 1 || header.Height < 1 {
		return nil, ErrKind
	}
	if header.Width > maxSide || header.Height > maxSide || header.Width*header.Height > maxArea {
		return nil, fmt.Errorf("has %d by %d pixels: at most %d on a side and %d in all", header.Width, header.Height, maxSide, maxArea)
	}
	if kind == "jpeg" && bytes.Count(raw, []byte{0xff, 0xda}) > maxScans {
		return nil, ErrKind
	}
	original, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil || original.Bounds().Empty() {
		return nil, ErrKind
	}
	return original, nil
}

func written(drawn *image.NRGBA) (*Picture, error) {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, drawn); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return &Picture{PNG: b.Bytes(), Width: drawn.Rect.Dx(), Height: drawn.Rect.Dy()}, nil
}
