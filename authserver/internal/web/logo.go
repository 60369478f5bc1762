package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

// serveLogo answers with a picture of a client. Its name says nothing but what it looks
// like. One that no operator has looked at is nobody's business but those who may.
func (s *Server) serveLogo(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	var u *authserver.User
	if in != nil {
		u = &in.User
	}
	sum := mux.Vars(r)["sum"]
	if len(sum) != len(authserver.LogoDigest(nil)) {
		return errNowhere
	}
	png, everybody, err := s.clients.ShowLogo(r.Context(), sum, u)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	if everybody {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Type", "image/png")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if r.Method != http.MethodHead {
		_, _ = w.Write(png) // the browser may be gone; there is nobody left to tell
	}
	return nil
}

// logoView is the page of the logo of a client, below the page of the client.
func logoView(c *authserver.Client, clientPage, action, remove string) page.LogoView {
	return page.LogoView{
		Emblem: page.OwnEmblem(c), Name: page.PlainName(c.Name), Back: clientPage, Action: action, Remove: remove, Waits: c.LogoWaits(),
	}
}

// removesLogo is the page that asks before a client has no logo any more.
func removesLogo(back, action string) page.AskView {
	return page.AskView{Key: "logo_remove", Back: back, Action: action, Fields: []page.Carried{{Name: "do", Value: "remove"}}}
}

func (s *Server) askRemoveLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	path := page.ClientsPath + "/" + url.PathEscape(c.ID) + "/logo"
	return s.askFirst(w, r, in, removesLogo(path, path), page.PlainName(c.Name))
}

func (s *Server) askRemoveAnyLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	c, err := s.clientWithLogo(r)
	if err != nil {
		return err
	}
	path := clientAt(c.ID, "/logo")
	return s.askFirst(w, r, in, removesLogo(path, path), page.PlainName(c.Name))
}

func (s *Server) showLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, d := s.ownLogo(w, r, in, c)
	return s.render(w, r, http.StatusOK, v, page.LogoPage(v, d))
}

func (s *Server) ownLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) (*page.View, page.LogoView) {
	path := page.ClientsPath + "/" + url.PathEscape(c.ID)
	d := logoView(c, path, path+"/logo", path+"/logo/remove")
	d.Own = true
	return s.personalView(w, r, in, "logo.title", d.Name), d
}

func (s *Server) changeLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	var err error
	if r.PostForm.Get("do") == "remove" {
		err = s.clients.RemoveLogo(r.Context(), c)
	} else {
		err = s.clients.SetLogo(r.Context(), c, pictureIn(r.PostForm), false)
	}
	if err != nil {
		v, d := s.ownLogo(w, r, in, c)
		return s.refused(w, r, v, page.LogoPage(v, d), err)
	}
	return redirect(w, r, page.ClientsPath+"/"+url.PathEscape(c.ID)+"/logo?done=saved")
}

// refuseLogo shows the page of one's own client's logo, and what was wrong with a picture.
func (s *Server) refuseLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error {
	c, err := s.clients.Owned(r.Context(), in.User.ID, mux.Vars(r)["client"])
	if err != nil {
		return err
	}
	v, d := s.ownLogo(w, r, in, c)
	return s.refused(w, r, v, page.LogoPage(v, d), refused)
}

// anyLogo is the operator's page of the logo of a client.
func (s *Server) anyLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error {
	c, err := s.clientWithLogo(r)
	if err != nil {
		return err
	}
	d := logoView(c, oneClient(c.ID), clientAt(c.ID, "/logo"), clientAt(c.ID, "/logo/remove"))
	d.Address = c.LogoURI
	if mayVerify(c) {
		d.Verify = clientAt(c.ID, "/verify")
	}
	v := s.personalView(w, r, in, "logo.title", d.Name)
	if refused != nil {
		return s.refused(w, r, v, page.LogoPage(v, d), refused)
	}
	return s.render(w, r, http.StatusOK, v, page.LogoPage(v, d))
}

// clientWithLogo is the client in the address, one that people see.
func (s *Server) clientWithLogo(r *http.Request) (*authserver.Client, error) {
	c, err := s.operator.Client(r.Context(), r.URL.Query().Get("client"))
	if err == nil && (c.FirstParty || c.ResourceServer) {
		return nil, errNowhere
	}
	return c, err
}

func (s *Server) changeAnyLogo(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	c, err := s.clientWithLogo(r)
	if err != nil {
		return err
	}
	switch r.PostForm.Get("do") {
	case "remove":
		err = s.operator.RemoveLogo(r.Context(), &in.User, c)
	case "fetch":
		err = s.fetchLogo(r.Context(), in, c)
	default:
		err = s.operator.SetLogo(r.Context(), &in.User, c, pictureIn(r.PostForm))
	}
	if err != nil {
		return s.anyLogo(w, r, in, err)
	}
	return redirect(w, r, clientAt(c.ID, "/logo")+"&done=saved")
}

func (s *Server) fetchLogo(ctx context.Context, in *authserver.Signin, c *authserver.Client) error {
	if err := s.people.AdmitPicture(ctx, in.User.ID); err != nil {
		return err
	}
	return s.operator.FetchLogo(ctx, &in.User, c)
}

// logoFact is what an operator is shown of a client's picture. It leads to where another
// one is handed in.
func logoFact(c *authserver.Client) page.Fact {
	cell := page.ListCell{Key: "logo.none", Href: clientAt(c.ID, "/logo")}
	switch {
	case c.Logo != "":
		cell.Emblem, cell.Key = page.OwnEmblem(c), "logo.is"
	case c.LogoURI != "":
		cell.Key = "logo.named"
	}
	return page.Fact{Key: "logo", Cell: cell}
}

// logoAddress is where the owner of a client finds its picture; "": it has none.
func (s *Server) logoAddress(c *authserver.Client) string {
	if c.Logo == "" {
		return ""
	}
	return s.address() + page.LogosPath + "/" + c.Logo
}
