package web

import (
	"net/http"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

const recently = 24 * time.Hour

func (s *Server) newKeyView(k *apikey.View) page.KeyView {
	v := page.KeyView{
		APIKey: k.APIKey, Path: page.KeysPath + "/" + k.ID, Scope: k.Scopes.String(), EndsSoon: k.EndsAt(),
		InUse:   k.LastUsedAt != nil && s.now().Sub(*k.LastUsedAt) < recently,
		Counted: k.RequestsThisHour, Unlimited: k.Limit.Unlimited(), MaxRequests: k.Limit.Max,
	}
	if k.LimitState != nil && !v.Unlimited {
		v.Counted, v.Sliding = k.LimitState.Used, true
		if !k.LimitState.Allowed {
			v.PassesIn = k.LimitState.Reset
		}
	}
	if !v.Unlimited {
		v.Counted = min(v.Counted, v.MaxRequests) // reports may name one request twice
	}
	return v
}

func (s *Server) newMadeKey(k *apikey.View, made secret.Token) page.MadeKeyView {
	return page.MadeKeyView{KeyView: s.newKeyView(k), Secret: made.Reveal(), API: s.apiURL}
}

func (s *Server) showKeys(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.keys.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	list := make([]page.KeyView, 0, len(found))
	for _, k := range found {
		list = append(list, s.newKeyView(k))
	}
	v := s.personalView(w, r, in, "keys.title")
	return s.render(w, r, http.StatusOK, v, page.KeysPage(v, list))
}

func (s *Server) showNewKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "key_new.title")
	v.Fields = map[string]string{"source": authserver.SourceWeb, "scopes": "read"}
	return s.render(w, r, http.StatusOK, v, page.NewKeyPage(v, s.keyStages(r, in)))
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	f := r.PostForm
	end, err := authserver.ParseKeyDay(f.Get("expires_at"), in.User.Preferences().Zone())
	if err == nil {
		var made page.MadeKeyView
		made, err = s.makeKey(r, in, authserver.KeyRequest{
			Name: f.Get("name"), Scopes: []string{f.Get("scopes")}, Source: f.Get("source"), ExpiresAt: end,
			AllowedCIDRs: strings.FieldsFunc(f.Get("allowed_cidrs"), func(c rune) bool { return c == ',' || c <= ' ' }),
		})
		if err == nil {
			return s.revealKey(w, r, in, made)
		}
	}
	v := s.personalView(w, r, in, "key_new.title")
	return s.again(w, r, v, page.NewKeyPage(v, s.keyStages(r, in)), err, "name", "scopes", "source", "expires_at", "allowed_cidrs")
}

func (s *Server) makeKey(r *http.Request, in *authserver.Signin, q authserver.KeyRequest) (page.MadeKeyView, error) {
	k, made, err := s.keys.Create(r.Context(), in.User.ID, q)
	if err != nil {
		return page.MadeKeyView{}, err
	}
	return s.newMadeKey(k, made), nil
}

// keyStages are the steps that are left to who begins.
func (s *Server) keyStages(r *http.Request, in *authserver.Signin) page.Stages {
	return page.KeyStages(r.URL.Path, s.people.Confirmed(in), 0)
}

// revealKey shows a key, this once: it is not stored readably.
func (s *Server) revealKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, made page.MadeKeyView) error {
	asked := r.PostForm.Has("password")
	made.Stages = page.KeyStages(r.URL.Path, !asked, 1)
	if asked {
		made.Stages.Done = 2
	}
	v := s.personalView(w, r, in, "key_made.title", made.Name)
	return s.render(w, r, http.StatusOK, v, page.MadeKeyPage(v, made))
}

func (s *Server) showKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	used, err := s.keyUsage(r, in, k)
	if err != nil {
		return err
	}
	shown := s.newKeyView(k)
	shown.Refused = used.Refused()
	v := s.personalView(w, r, in, "key.title", k.Name)
	return s.render(w, r, http.StatusOK, v, page.KeyPage(v, shown, used))
}

func (s *Server) showKeyRotation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	if k.Superseded() {
		return redirect(w, r, page.KeysPath+"/"+k.ID)
	}
	v := s.personalView(w, r, in, "key_rotate.title", k.Name)
	return s.render(w, r, http.StatusOK, v, page.RotateKeyPage(v, s.newKeyView(k), s.keyStages(r, in)))
}

func (s *Server) rotateKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	life, err := overlapLife(r)
	if err != nil {
		return err
	}
	done, err := s.keys.Rotate(r.Context(), in.User.ID, k.ID, life, "")
	if err != nil {
		v := s.personalView(w, r, in, "key_rotate.title", k.Name)
		return s.again(w, r, v, page.RotateKeyPage(v, s.newKeyView(k), s.keyStages(r, in)), err)
	}
	made, old := s.newMadeKey(done.New, done.Secret), s.newKeyView(done.Old)
	if !done.Old.Live(s.now()) {
		old.EndsSoon = nil
	}
	made.Old = &old
	return s.revealKey(w, r, in, made)
}

// overlapLife reads how long the earlier of two secrets is to keep working.
func overlapLife(r *http.Request) (time.Duration, error) {
	switch r.PostForm.Get("overlap") {
	case "0":
		return 0, nil
	case "1":
		return time.Hour, nil
	case "24":
		return 24 * time.Hour, nil
	case "168":
		return 7 * 24 * time.Hour, nil
	}
	return 0, errForm
}

func (s *Server) showKeyRevocation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	v := s.personalView(w, r, in, "key_revoke.title", k.Name)
	what, err := s.refuses(r, k.ID)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.RevokeKeyPage(v, s.newKeyView(k), what))
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error {
	if err := s.keys.Revoke(r.Context(), in.User.ID, k.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err // gone already is what was wanted
	}
	return redirect(w, r, page.KeysPath+"?done=key-revoked")
}
