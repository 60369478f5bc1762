package page

import "latchkey/pkg/branding"

type ownLink struct{ Key, To string }

// ownLinks are those there are, in the order of the foot of a page.
func ownLinks(b branding.Branding) []ownLink {
	var list []ownLink
	for _, one := range []ownLink{{"layout.terms", b.Links.Terms}, {"layout.privacy", b.Links.Privacy}, {"layout.support", b.Links.Support}} {
		if one.To != "" {
			list = append(list, one)
		}
	}
	return list
}
