package web

// Page is a row of the table of pages, for its tests.
type Page struct {
	Path             string
	Get, Post        bool
	ForPerson        bool // nobody else sees it
	Script           bool // it answers our own script, with JSON
	AsksConfirmation bool // its form does
	Confirmation     string
}

// Pages is the table.
func (s *Server) Pages() []Page {
	var all []Page
	for _, t := range s.routes() {
		p := Page{Path: t.path, Get: t.get != nil, Post: t.post != nil, Script: t.get == nil, AsksConfirmation: t.confirm != "", Confirmation: string(t.confirm)}
		for _, h := range []handler{t.get, t.post} {
			if _, open := h.(anyone); h != nil && !open {
				p.ForPerson = true
			}
		}
		all = append(all, p)
	}
	return all
}
