package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

const keysPath = "/settings/api_keys"

// keyRoutes are the pages of API keys.
func (s *Server) keyRoutes(router *mux.Router) {
	if s.Keys == nil {
		return
	}
	own := func(path string, get, post personal) {
		router.Handle(path, s.methods(s.forPerson(get), s.forPerson(post)))
	}
	own(keysPath, s.showKeys, s.createKey)
	own(keysPath+"/new", s.showNewKey, s.createKey)
	own(keysPath+"/{key}", s.ofKey(s.showKey), s.noForm)
	own(keysPath+"/{key}/rotate", s.ofKey(s.showKeyRotation), s.ofKey(s.rotateKey))
	own(keysPath+"/{key}/revoke", s.ofKey(s.showKeyRevocation), s.ofKey(s.revokeKey))
}

// keyView is an API key on a page.
type keyView struct {
	*apikey.View
	Path     string
	Scope    string
	EndsSoon *time.Time // a rotated key's end, or its expiry
	InUse    bool       // used within the last day
}

// lastUse is when a key was used last, and from where.
func (v *view) lastUse(k keyView) (string, error) {
	if k.LastUsedAt == nil {
		return v.t("key.unused")
	}
	used, err := v.t("key.used.at", v.time(*k.LastUsedAt))
	if err != nil || k.LastUsedFrom == "" {
		return used, err
	}
	from, err := v.t("key.from", k.LastUsedFrom)
	return used + " " + from, err
}

// madeKey is a key on the page that shows it, this once.
type madeKey struct {
	keyView
	Secret string
	API    string   // public address of the resource API
	Old    *keyView // the key this one replaces
}

// command tries the key.
func (k madeKey) command() string {
	return `curl -H "X-Api-Key: ` + k.Secret + `" ` + k.API + "/api/v1/accounts"
}

var keyScopes = []choice{
	{"read", "key.scope.read", "key_new.scope.read.text"},
	{"read_write", "key.scope.read_write", "key_new.scope.read_write.text"},
}

func keySources() []choice {
	var list []choice
	for _, source := range authserver.Sources() {
		list = append(list, choice{source, "key.source." + source, "key_new.source." + source + ".text"})
	}
	return list
}

const recently = 24 * time.Hour

func (s *Server) newKeyView(k *apikey.View) keyView {
	return keyView{
		View: k, Path: keysPath + "/" + k.ID, Scope: k.Scopes.String(), EndsSoon: k.EndsAt(),
		InUse: k.LastUsedAt != nil && s.Now().Sub(*k.LastUsedAt) < recently,
	}
}

func (s *Server) newMadeKey(k *apikey.View, made secret.Token) madeKey {
	return madeKey{keyView: s.newKeyView(k), Secret: made.Reveal(), API: strings.TrimRight(s.APIURL, "/")}
}

// ofKey finds the key of the page, if it is the person's and opens something.
func (s *Server) ofKey(h func(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error) personal {
	return func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		k, err := s.Keys.Get(r.Context(), in.User.ID, mux.Vars(r)["key"])
		if err != nil {
			return err
		}
		return h(w, r, in, k)
	}
}

func (s *Server) showKeys(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.Keys.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	list := make([]keyView, 0, len(found))
	for _, k := range found {
		list = append(list, s.newKeyView(k))
	}
	v := s.personalView(w, r, in, "keys.title")
	return s.render(w, r, http.StatusOK, v, keysPage(v, list))
}

func (s *Server) newKeyForm(w http.ResponseWriter, r *http.Request, in *authserver.Signin) *view {
	v := s.personalView(w, r, in, "key_new.title")
	v.Path = keysPath
	return v
}

func (s *Server) showNewKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.newKeyForm(w, r, in)
	v.Fields = map[string]string{"source": authserver.SourceWeb, "scopes": "read"}
	return s.render(w, r, http.StatusOK, v, newKeyPage(v))
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	f := r.PostForm
	end, err := authserver.ParseKeyExpiry(f.Get("expires_at"))
	if err == nil {
		var made madeKey
		made, err = s.makeKey(r, in, authserver.KeyRequest{
			Name: f.Get("name"), Scopes: []string{f.Get("scopes")}, Source: f.Get("source"), ExpiresAt: end,
			AllowedCIDRs: strings.FieldsFunc(f.Get("allowed_cidrs"), func(c rune) bool { return c == ',' || c <= ' ' }),
		})
		if err == nil {
			return s.revealKey(w, r, in, made)
		}
	}
	v := s.newKeyForm(w, r, in)
	return s.again(w, r, v, newKeyPage(v), err, "name", "scopes", "source", "expires_at", "allowed_cidrs")
}

func (s *Server) makeKey(r *http.Request, in *authserver.Signin, q authserver.KeyRequest) (madeKey, error) {
	k, made, err := s.Keys.Create(r.Context(), in.User.ID, q)
	if err != nil {
		return madeKey{}, err
	}
	return s.newMadeKey(k, made), nil
}

// revealKey shows a key, this once: it is not stored readably.
func (s *Server) revealKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, made madeKey) error {
	v := s.personalView(w, r, in, "key_made.title", made.Name)
	v.Path = keysPath
	return s.render(w, r, http.StatusOK, v, madeKeyPage(v, made))
}

// ofOneKey is personalView for the pages of one key.
func (s *Server) ofOneKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View, title string) *view {
	v := s.personalView(w, r, in, title, k.Name)
	v.Path = keysPath
	return v
}

func (s *Server) showKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	v := s.ofOneKey(w, r, in, k, "key.title")
	return s.render(w, r, http.StatusOK, v, keyPage(v, s.newKeyView(k)))
}

func (s *Server) showKeyRotation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	if k.Superseded() {
		return redirect(w, r, keysPath+"/"+k.ID)
	}
	v := s.ofOneKey(w, r, in, k, "key_rotate.title")
	return s.render(w, r, http.StatusOK, v, rotateKeyPage(v, s.newKeyView(k)))
}

func (s *Server) rotateKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	life, ok := map[string]time.Duration{
		"0": 0, "1": time.Hour, "24": 24 * time.Hour, "168": authserver.MaxKeyOverlap,
	}[r.PostForm.Get("overlap")]
	if !ok {
		return errForm
	}
	done, err := s.Keys.Rotate(r.Context(), in.User.ID, k.ID, life)
	if err != nil {
		v := s.ofOneKey(w, r, in, k, "key_rotate.title")
		return s.again(w, r, v, rotateKeyPage(v, s.newKeyView(k)), err)
	}
	made, old := s.newMadeKey(done.New, done.Secret), s.newKeyView(done.Old)
	if !done.Old.Live(s.Now()) {
		old.EndsSoon = nil
	}
	made.Old = &old
	return s.revealKey(w, r, in, made)
}

func (s *Server) showKeyRevocation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	v := s.ofOneKey(w, r, in, k, "key_revoke.title")
	return s.render(w, r, http.StatusOK, v, revokeKeyPage(v, s.newKeyView(k)))
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	if err := s.Keys.Revoke(r.Context(), in.User.ID, k.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err // gone already is what was wanted
	}
	return redirect(w, r, keysPath+"?done=key-revoked")
}
