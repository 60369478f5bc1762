package page

import "latchkey/pkg/face"

type ownLink struct{ Key, To string }

// ownLinks are those there are, in the order of the foot of a page.
func ownLinks(f face.Face) []ownLink {
	var list []ownLink
	for _, one := range []ownLink{{"layout.terms", f.Links.Terms}, {"layout.privacy", f.Links.Privacy}, {"layout.support", f.Links.Support}} {
		if one.To != "" {
			list = append(list, one)
		}
	}
	return list
}
