package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

func (s *Server) newClientView(c *authserver.Client) page.ClientView {
	v := page.ClientView{
		API: s.apiURL, Client: c, Emblem: page.OwnEmblem(c), Name: page.PlainName(c.Name), Path: page.ClientsPath + "/" + url.PathEscape(c.ID), Issuer: s.address(),
		Seen: registration.EditVersion(c), SecretSeen: registration.SecretVersion(c),
	}
	if now := s.now(); !c.PreviousSecretDigest.IsZero() && now.Before(c.PreviousSecretUntil) {
		v.PreviousUntil = &c.PreviousSecretUntil
	}
	return v
}

func (s *Server) showClients(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.clients.ListOwned(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	shown, window := windowed(r, "from", found, page.Rows)
	list := make([]page.ClientView, 0, len(shown))
	for _, c := range shown {
		list = append(list, s.newClientView(c))
	}
	v := s.personalView(w, r, in, "clients.title")
	return s.render(w, r, http.StatusOK, v, page.ClientsPage(v, list, window))
}

func (s *Server) showNewClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "client_new.title")
	v.Fields = map[string]string{"auth_method": authserver.AuthNone, "scopes": "read"}
	return s.render(w, r, http.StatusOK, v, page.NewClientPage(v))
}

// clientRequest reads the form of a registration. Whether it is public is
// chosen once.
func clientRequest(f url.Values, now authserver.Client) registration.Request {
	q := registration.Request{
		RefreshOverlap: overlapOf(f, now.RefreshOverlap), Seen: f.Get("seen"), Name: f.Get("name"), AuthMethod: f.Get("auth_method"), Scopes: f.Get("scopes"),
		LocalhostPorts: now.LocalhostPorts, PushedOnly: now.PushedOnly, DeviceGrant: now.DeviceGrant,
	}
	for line := range strings.Lines(f.Get("redirect_uris")) {
		if line = strings.TrimSpace(line); line != "" {
			q.RedirectURIs = append(q.RedirectURIs, line)
		}
	}
	return q
}

// overlapOf reads the refresh overlap in seconds; a form without the field leaves
// it as it is. What is no number is refused like one that is too large.
func overlapOf(f url.Values, now time.Duration) time.Duration {
	if !f.Has("refresh_overlap") {
		return now
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(f.Get("refresh_overlap")))
	if err != nil || seconds > int(registration.MaxOverlap/time.Second) {
		return -1
	}
	return time.Duration(seconds) * time.Second
}

func (s *Server) createClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q := clientRequest(r.PostForm, authserver.Client{})
	q.OwnerID = in.User.ID
	made, err := s.clients.CreateOwned(r.Context(), q)
	if err != nil {
		v := s.personalView(w, r, in, "client_new.title")
		return s.again(w, r, v, page.NewClientPage(v), err, "name", "auth_method", "scopes", "redirect_uris")
	}
	if made.Secret.IsZero() {
		return redirect(w, r, page.ClientsPath+"/"+made.Client.ID+"?done=client-created")
	}
	return s.revealSecret(w, r, in, made)
}

// revealSecret shows a secret, this once: it is not stored readably.
func (s *Server) revealSecret(w http.ResponseWriter, r *http.Request, in *authserver.Signin, made registration.Made) error {
	data := s.newClientView(made.Client)
	v := s.personalView(w, r, in, "client_secret.title", data.Name)
	return s.render(w, r, http.StatusOK, v, page.SecretPage(v, data, made.Secret.Reveal()))
}

// ofOneClient is personalView for the pages of one application, whose name is in the title.
func (s *Server) ofOneClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client, title string) (*page.View, page.ClientView) {
	data := s.newClientView(c)
	v := s.personalView(w, r, in, title, data.Name)
	v.Fields = clientFields(c)
	return v, data
}

func (s *Server) showClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c, "client.title")
	return s.renderClient(w, r, v, data, nil)
}

func (s *Server) changeClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	if _, err := s.clients.Change(r.Context(), c, clientRequest(r.PostForm, *c)); err != nil {
		now := c
		if fault.Is(err, fault.Conflict) {
			var gone error
			if now, gone = s.clients.Owned(r.Context(), in.User.ID, c.ID); gone != nil {
				return gone
			}
		}
		v, data := s.ofOneClient(w, r, in, now, "client.title")
		if fault.Is(err, fault.Conflict) {
			data.Now = clientNow(now)
		}
		return s.renderClient(w, r, v, data, err)
	}
	return redirect(w, r, page.ClientsPath+"/"+c.ID+"?done=saved")
}

func (s *Server) showRotation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	if c.Public() {
		return redirect(w, r, page.ClientsPath+"/"+c.ID)
	}
	v, data := s.ofOneClient(w, r, in, c, "client_rotate.title")
	return s.render(w, r, http.StatusOK, v, page.RotateClientPage(v, data))
}

func (s *Server) rotateClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	life, err := overlapLife(r)
	if err != nil {
		return err
	}
	made, err := s.clients.RotateSecret(r.Context(), c.ID, life, r.PostForm.Get("seen"))
	if err != nil {
		v, data := s.ofOneClient(w, r, in, c, "client_rotate.title")
		return s.again(w, r, v, page.RotateClientPage(v, data), err)
	}
	if c, err = s.clients.Owned(r.Context(), in.User.ID, c.ID); err != nil {
		return err
	}
	return s.revealSecret(w, r, in, registration.Made{Client: c, Secret: made})
}

func (s *Server) showDeletion(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c, "client_delete.heading")
	var err error
	if data.Happens, err = s.disconnects(r, c.ID); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.DeleteClientPage(v, data))
}

func (s *Server) deleteClient(w http.ResponseWriter, r *http.Request, _ *authserver.Signin, c *authserver.Client) error {
	if err := s.clients.Delete(r.Context(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return redirect(w, r, page.ClientsPath+"?done=client-deleted")
}
