package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
)

const clientsPath = "/settings/developer"

// clientView is an application the person develops.
type clientView struct {
	*authserver.Client
	Name   string
	Path   string
	Issuer string
	// The test link asks for a code; the verifier redeems it.
	TestLink, Verifier, TestRedirect string
	PreviousUntil                    *time.Time // the earlier secret is still accepted
}

// testCommand redeems the code that the test link leads to.
func (c clientView) testCommand() string {
	who := "-d client_id=" + c.ID
	switch c.AuthMethod {
	case authserver.AuthBasic:
		who = "-u " + c.ID + ":$CLIENT_SECRET"
	case authserver.AuthPost:
		who += " -d client_secret=$CLIENT_SECRET"
	}
	return strings.Join([]string{
		"curl " + c.Issuer + "/oauth/token", who, "-d grant_type=authorization_code -d code=$CODE",
		"-d code_verifier=" + c.Verifier, "--data-urlencode redirect_uri=" + c.TestRedirect,
	}, " \\\n  ")
}

var clientKinds = []choice{
	{authserver.AuthNone, "client.kind.none", "client.kind.none.text"},
	{authserver.AuthBasic, "client.kind.client_secret_basic", "client.kind.client_secret_basic.text"},
	{authserver.AuthPost, "client.kind.client_secret_post", "client.kind.client_secret_post.text"},
}

var clientScopes = []choice{
	{"read", "client.scopes.read", "client.scopes.read.text"},
	{"read read_write", "client.scopes.write", "client.scopes.write.text"},
}

type overlap struct {
	Hours string
	Key   string
}

var overlaps = []overlap{{"0", "client.overlap.0"}, {"1", "client.overlap.1"}, {"24", "client.overlap.24"}, {"168", "client.overlap.168"}}

func (s *Server) newClientView(c *authserver.Client) clientView {
	v := clientView{
		Client: c, Name: plainName(c.Name), Path: clientsPath + "/" + url.PathEscape(c.ID), Issuer: strings.TrimRight(s.Issuer, "/"),
	}
	if now := s.Now(); !c.PreviousSecretDigest.IsZero() && now.Before(c.PreviousSecretUntil) {
		v.PreviousUntil = &c.PreviousSecretUntil
	}
	if len(c.RedirectURIs) == 0 {
		return v
	}
	v.Verifier = rand.Text() + rand.Text() // RFC 7636 section 4.1: 43 to 128 characters
	sum := sha256.Sum256([]byte(v.Verifier))
	v.TestRedirect = c.RedirectURIs[0]
	v.TestLink = "/oauth/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {v.TestRedirect}, "scope": {c.Scopes.String()},
		"state": {"test"}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode()
	return v
}

func (s *Server) showClients(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.Clients.ListOwned(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	list := make([]clientView, 0, len(found))
	for _, c := range found {
		list = append(list, s.newClientView(c))
	}
	v := s.personalView(w, r, in, "clients.title")
	return s.render(w, r, http.StatusOK, v, clientsPage(v, list))
}

func (s *Server) showNewClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.newClientForm(w, r, in)
	v.Fields = map[string]string{"auth_method": authserver.AuthNone, "scopes": "read"}
	return s.render(w, r, http.StatusOK, v, newClientPage(v))
}

func (s *Server) newClientForm(w http.ResponseWriter, r *http.Request, in *authserver.Signin) *view {
	v := s.personalView(w, r, in, "client_new.title")
	v.Path = clientsPath
	return v
}

// clientRequest reads the form of a registration. Whether it is public is
// chosen once.
func clientRequest(f url.Values) registration.Request {
	q := registration.Request{Name: f.Get("name"), AuthMethod: f.Get("auth_method"), Scopes: f.Get("scopes")}
	for line := range strings.Lines(f.Get("redirect_uris")) {
		if line = strings.TrimSpace(line); line != "" {
			q.RedirectURIs = append(q.RedirectURIs, line)
		}
	}
	return q
}

func (s *Server) createClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q := clientRequest(r.PostForm)
	q.OwnerID = in.User.ID
	made, err := s.Clients.CreateOwned(r.Context(), q)
	if err != nil {
		v := s.newClientForm(w, r, in)
		return s.again(w, r, v, newClientPage(v), err, "name", "auth_method", "scopes", "redirect_uris")
	}
	if made.Secret.IsZero() {
		return redirect(w, r, clientsPath+"/"+made.Client.ID+"?done=client-created")
	}
	return s.revealSecret(w, r, in, made)
}

// revealSecret shows a secret, this once: it is not stored readably.
func (s *Server) revealSecret(w http.ResponseWriter, r *http.Request, in *authserver.Signin, made registration.Made) error {
	data := s.newClientView(made.Client)
	v := s.personalView(w, r, in, "client_secret.title", data.Name)
	v.Path = clientsPath
	return s.render(w, r, http.StatusOK, v, secretPage(v, data, made.Secret.Reveal()))
}

// owned finds the application of the page, if the person has registered it.
func (s *Server) owned(h func(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error) personal {
	return func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		c, err := s.Clients.Owned(r.Context(), in.User.ID, mux.Vars(r)["client"])
		if err != nil {
			return err
		}
		return h(w, r, in, c)
	}
}

// ofOneClient is personalView for the pages of one application.
func (s *Server) ofOneClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) (*view, clientView) {
	data := s.newClientView(c)
	v := s.personalView(w, r, in, "client.title", data.Name)
	v.Path = clientsPath
	v.Fields = map[string]string{"name": c.Name, "redirect_uris": strings.Join(c.RedirectURIs, "\n"), "scopes": c.Scopes.String()}
	if c.Scopes.Names()[len(c.Scopes.Names())-1] == "read_write" {
		v.Fields["scopes"] = "read read_write"
	}
	return v, data
}

func (s *Server) showClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c)
	return s.render(w, r, http.StatusOK, v, clientPage(v, data))
}

func (s *Server) changeClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	if _, err := s.Clients.Change(r.Context(), c, clientRequest(r.PostForm)); err != nil {
		v, data := s.ofOneClient(w, r, in, c)
		return s.again(w, r, v, clientPage(v, data), err, "name", "scopes", "redirect_uris")
	}
	return redirect(w, r, clientsPath+"/"+c.ID+"?done=saved")
}

func (s *Server) showRotation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	if c.Public() {
		return redirect(w, r, clientsPath+"/"+c.ID)
	}
	v, data := s.ofOneClient(w, r, in, c)
	return s.render(w, r, http.StatusOK, v, rotateClientPage(v, data))
}

func (s *Server) rotateClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	var life time.Duration
	switch r.PostForm.Get("overlap") {
	case "0":
	case "1":
		life = time.Hour
	case "24":
		life = 24 * time.Hour
	case "168":
		life = registration.MaxOverlap
	default:
		return errForm
	}
	made, err := s.Clients.RotateSecret(r.Context(), c.ID, life)
	if err != nil {
		v, data := s.ofOneClient(w, r, in, c)
		return s.again(w, r, v, rotateClientPage(v, data), err)
	}
	if c, err = s.Clients.Owned(r.Context(), in.User.ID, c.ID); err != nil {
		return err
	}
	return s.revealSecret(w, r, in, registration.Made{Client: c, Secret: made})
}

func (s *Server) showDeletion(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error {
	v, data := s.ofOneClient(w, r, in, c)
	return s.render(w, r, http.StatusOK, v, deleteClientPage(v, data))
}

func (s *Server) deleteClient(w http.ResponseWriter, r *http.Request, _ *authserver.Signin, c *authserver.Client) error {
	if err := s.Clients.Delete(r.Context(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return redirect(w, r, clientsPath+"?done=client-deleted")
}
