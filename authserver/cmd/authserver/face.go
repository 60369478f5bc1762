package main

import (
	"latchkey/authserver/internal/picture"
	"latchkey/authserver/internal/web/page"
)

// face is how pages look.
func (p *parts) face() page.Face {
	drawn := func(one *picture.Picture) *page.Logo {
		if one == nil {
			return nil
		}
		return &page.Logo{PNG: one.PNG, Width: one.Width, Height: one.Height}
	}
	return page.Face{Face: p.cfg.Look, Logo: drawn(p.cfg.Drawn), LogoDark: drawn(p.cfg.DrawnDark)}
}
