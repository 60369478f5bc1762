package page

import "net/netip"

// Place says in words where an address is, with the address behind them. Of addresses of
// the whole internet we know no place: they are shown as they are.
func (v *View) Place(address string) (string, error) {
	at, err := netip.ParseAddr(address)
	switch at = at.Unmap(); {
	case err != nil:
		return address, nil
	case at.IsLoopback():
		return v.t("place.here", address)
	case at.IsPrivate(), at.IsLinkLocalUnicast():
		return v.t("place.local", address)
	}
	return address, nil
}
