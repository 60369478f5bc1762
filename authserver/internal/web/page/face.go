package page

import (
	"strconv"

	"latchkey/pkg/face"
)

// Face is how the instance looks.
type Face struct {
	face.Face
	Logo, LogoDark *Logo // nil: our sign; on dark pages Logo
}

// Logo is a picture in the place of our sign.
type Logo struct {
	PNG           []byte
	Width, Height int // pixels
}

// logoHeight is how high a logo is shown, in CSS pixels.
const logoHeight = 28

func (l *Logo) height() string { return strconv.Itoa(min(logoHeight, l.Height)) }

func (l *Logo) width() string {
	return strconv.Itoa(max(1, l.Width*min(logoHeight, l.Height)/l.Height))
}

// wordmark reports whether the logo stands for the name: it is wider than a sign.
func (f Face) wordmark() bool { return f.Logo != nil && f.Logo.Width > 2*f.Logo.Height }

// alt is what the logo says to who does not see it: nothing beside the name.
func (f Face) alt() string {
	if f.wordmark() {
		return f.Name
	}
	return ""
}

type ownLink struct{ Key, To string }

// list are the links there are, in the order of the foot of a page.
func (f Face) list() []ownLink {
	var list []ownLink
	for _, one := range []ownLink{{"layout.terms", f.Links.Terms}, {"layout.privacy", f.Links.Privacy}, {"layout.support", f.Links.Support}} {
		if one.To != "" {
			list = append(list, one)
		}
	}
	return list
}
