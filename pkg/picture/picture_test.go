package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"
)

func sample(width, height int) image.Image {
	drawn := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			drawn.SetNRGBA(x, y, color.NRGBA{R: uint8(x), G: uint8(y), B: 90, A: 255})
		}
	}
	return drawn
}

func encoded(t *testing.T, kind string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	err := map[string]func() error{
		"png":  func() error { return png.Encode(&b, m) },
		"jpeg": func() error { return jpeg.Encode(&b, m, nil) },
		"gif":  func() error { return gif.Encode(&b, m, nil) },
	}[kind]()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpPixel is a lossless picture of one pixel.
var webpPixel = []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")

func TestPicturesAreDrawnAnew(t *testing.T) {
	for _, kind := range []string{"png", "jpeg", "gif"} {
		raw := encoded(t, kind, sample(300, 150))
		found, err := Fit(append(raw, "<script>alert(1)</script>"...), 100, 100)
		if err != nil || found.Width != 100 || found.Height != 50 || bytes.Contains(found.PNG, []byte("script")) {
			t.Fatalf("%s: %+v, %v", kind, found, err)
		}
		again, err := png.Decode(bytes.NewReader(found.PNG))
		if err != nil || again.Bounds().Dx() != 100 {
			t.Errorf("%s: %v", kind, err)
		}
		if r, g, b, a := again.At(50, 25).RGBA(); a != 0xffff || r>>8 < 130 || r>>8 > 170 || g>>8 > 100 || b>>8 < 70 {
			t.Errorf("%s: the middle is %d %d %d %d", kind, r>>8, g>>8, b>>8, a>>8)
		}
		square, err := Tile(raw, 80)
		if err != nil || square.Width != 80 || square.Height != 80 {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if found, err := Fit(webpPixel, 10, 10); err != nil || found.Width != 1 || found.Height != 1 {
		t.Errorf("webp: %+v, %v", found, err)
	}
	if found, err := Fit(encoded(t, "png", sample(1, 3000)), 60, 60); err != nil || found.Width != 1 || found.Height != 60 {
		t.Errorf("a line: %+v, %v", found, err)
	}
}

// bomb is a PNG that says to be of so many pixels, and holds none.
func bomb(width, height uint32) []byte {
	chunk := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(chunk[4:], width)
	binary.BigEndian.PutUint32(chunk[8:], height)
	chunk[12], chunk[13] = 8, 6
	raw := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	return binary.BigEndian.AppendUint32(append(raw, chunk...), crc32.ChecksumIEEE(chunk))
}

// TestBombsAreNotDecoded: what a picture would unpack to is read from its header.
func TestBombsAreNotDecoded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, size := range [][2]uint32{{60000, 60000}, {4097, 1}, {1, 4097}, {4096, 4096}, {0x7fffffff, 0x7fffffff}} {
		if _, err := Fit(bomb(size[0], size[1]), 10, 10); err == nil {
			t.Errorf("%v is read", size)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes were taken for pictures that are refused", grown)
	}
	for what, raw := range map[string][]byte{
		"svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "nothing": nil, "text": []byte("GIF"),
		"cut off": encoded(t, "png", sample(300, 300))[:200], "no pixels": bomb(0, 0), "promises": bomb(100, 100),
	} {
		if _, err := Fit(raw, 10, 10); err == nil || !strings.Contains(err.Error(), "PNG") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Fit(make([]byte, MaxBytes+1), 10, 10); err == nil {
		t.Error("a large file is read")
	}
}

func FuzzTile(f *testing.F) {
	f.Add(webpPixel)
	f.Add(bomb(10, 10))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if found, err := Tile(raw, 8); err == nil && (found.Width != 8 || found.Height != 8 || len(found.PNG) > 4096) {
			t.Errorf("%d by %d, %d bytes", found.Width, found.Height, len(found.PNG))
		}
	})
}
