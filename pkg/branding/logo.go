package branding

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"latchkey/pkg/picture"
)

// Logo is a picture in the place of our sign.
type Logo struct{ picture.Picture }

// logoHigh is how high a logo is shown, in CSS pixels.
const logoHigh = 28

func (l *Logo) height() string { return strconv.Itoa(min(logoHigh, l.Height)) }

func (l *Logo) width() string {
	return strconv.Itoa(max(1, l.Width*min(logoHigh, l.Height)/l.Height))
}

// wordmark reports whether the logo stands for the name: it is wider than a sign.
func (b Branding) wordmark() bool { return b.Logo != nil && b.Logo.Width > 2*b.Logo.Height }

// alt is what the logo says to who does not see it: nothing beside the name.
func (b Branding) alt() string {
	if b.wordmark() {
		return b.Name
	}
	return ""
}

// A logo is drawn as large as it fits here, twice as large as pages show it; one that
// takes more bytes is drawn half as large.
const (
	logoWidth, logoHeight = 320, 56
	maxLogo               = 10 << 10
)

// drawLogo draws the picture in the file anew; nil: there is no file.
func drawLogo(path string) (*Logo, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := readLogo(path)
	if err != nil {
		return nil, err
	}
	for _, part := range []int{1, 2} {
		found, err := picture.Fit(raw, logoWidth/part, logoHeight/part)
		if err != nil {
			return nil, fmt.Errorf("%s %w", path, err)
		}
		if len(found.PNG) <= maxLogo {
			return &Logo{*found}, nil
		}
	}
	return nil, fmt.Errorf("%s is too busy: drawn small it takes more than %d KiB, so use one with fewer colours", path, maxLogo>>10)
}

func readLogo(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("names no file that can be read: %w", err)
	case !info.Mode().IsRegular() || info.Size() > picture.MaxBytes:
		return nil, fmt.Errorf("%s is no file of at most %d KiB", path, picture.MaxBytes>>10)
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("names no file that can be read: %w", err)
	}
	return raw, nil
}
