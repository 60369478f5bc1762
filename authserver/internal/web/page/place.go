package page

import "net/netip"

// Places knows what people call the place of an address in a language; "": it does not.
// places.Places answers it.
type Places interface {
	Name(at netip.Addr, language string) string
}

// Locate has pages say where addresses are, as far as places knows.
func (s *Site) Locate(places Places) { s.places = places }

// Place says in words where an address is, with the address behind them; the address
// alone: it is not known.
func (v *View) Place(address string) (string, error) {
	name, err := v.placeOf(address)
	if err != nil || name == "" {
		return address, err
	}
	return v.t("place.at", name, address)
}

// placeOf says in words where an address is; "": it is not known.
func (v *View) placeOf(address string) (string, error) {
	at, err := netip.ParseAddr(address)
	switch at = at.Unmap(); {
	case err != nil:
		return "", nil
	case at.IsLoopback():
		return v.t("place.here")
	case at.IsPrivate(), at.IsLinkLocalUnicast():
		return v.t("place.local")
	case v.site.places == nil:
		return "", nil
	}
	return v.site.places.Name(at, v.Language), nil
}
