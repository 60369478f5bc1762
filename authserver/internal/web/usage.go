package web

import (
	"net/http"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/web/page"
)

// keyUsage is how often an API key was used lately, and from where.
func (s *Server) keyUsage(r *http.Request, in *authserver.Signin, k *apikey.View) (*page.UsageView, error) {
	found, err := s.usage.Key(r.Context(), in.User.Preferences().Zone(), k.ID)
	if err != nil {
		return nil, err
	}
	from, err := s.usage.Addresses(r.Context(), k.ID)
	if err != nil {
		return nil, err
	}
	v := &page.UsageView{Kind: page.UsageOfKey, Hours: found.Hours, Days: found.Days}
	v.Addresses, v.Window = windowed(r, "addresses", from, page.FewestRows)
	if !k.Limit.Unlimited() {
		v.Limit = k.Limit.Max
	}
	return v, nil
}

// grantUsage is how often an application called in the name of the person.
func (s *Server) grantUsage(r *http.Request, in *authserver.Signin, clientID string) (*page.UsageView, error) {
	found, err := s.usage.Grants(r.Context(), in.User.ID, clientID)
	if err != nil {
		return nil, err
	}
	return &page.UsageView{Kind: page.UsageOfGrant, Days: found.Days, UTC: true}, nil
}

// renderClient shows the page of one's own application, after refused with what was
// filled in.
func (s *Server) renderClient(w http.ResponseWriter, r *http.Request, v *page.View, d page.ClientView, refused error) error {
	found, err := s.usage.Client(r.Context(), v.Signin.User.Preferences().Zone(), d.ID)
	if err != nil {
		return err
	}
	d.Usage = &page.UsageView{Kind: page.UsageOfClient, Days: found.Days} // hours would make the page too large
	if d.Refusals, err = s.refusals.Of(r.Context(), d.ID); err != nil {
		return err
	}
	body := page.ClientPage(v, d)
	if refused != nil {
		return s.again(w, r, v, body, refused, "name", "scopes", "redirect_uris", "refresh_overlap")
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// refuses says how much the end of a key would have refused lately.
func (s *Server) refuses(r *http.Request, keyID string) ([]page.Happening, error) {
	found, err := s.usage.Key(r.Context(), time.UTC, keyID)
	if err != nil {
		return nil, err
	}
	sum := authserver.UsageHour{}
	for i := range found.Hours {
		sum.Add(&found.Hours[i])
	}
	return []page.Happening{{Key: "happens.requests", Count: int(sum.Answered())}}, nil
}

// disconnects says how many people the end of an application takes access from.
func (s *Server) disconnects(r *http.Request, clientID string) ([]page.Happening, error) {
	n, err := s.usage.People(r.Context(), clientID)
	return []page.Happening{{Key: "happens.people", Count: n}}, err
}

// showProgram shows a program for one's own application.
func (s *Server) showProgram(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c, "sample.title")
	return s.render(w, r, http.StatusOK, v, page.ProgramPage(v, data))
}
