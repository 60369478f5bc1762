package web

import (
	"net/http"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

const keepPath = "/settings/password/review"

// showKeep is the page after a new password: what can still sign in or act alone.
// Whoever has changed the password because somebody knew it takes that away here.
func (s *Server) showKeep(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	data, err := s.keepView(r, in)
	if err != nil {
		return err
	}
	if data.Empty() {
		return redirect(w, r, "/settings/security?done=password")
	}
	v := s.personalView(w, r, in, "keep.title")
	return s.render(w, r, http.StatusOK, v, page.KeepPage(v, data))
}

func (s *Server) keepView(r *http.Request, in *authserver.Signin) (page.KeepView, error) {
	ctx, id := r.Context(), in.User.ID
	var data page.KeepView
	var err error
	if data.Passkeys, err = s.passkeys.List(ctx, id); err != nil {
		return data, err
	}
	if s.sso != nil {
		found, err := s.sso.Identities(ctx, id)
		if err != nil {
			return data, err
		}
		data.Identities = s.identityViews(found)
	}
	if s.keys != nil {
		found, err := s.keys.List(ctx, id)
		if err != nil {
			return data, err
		}
		for _, one := range found {
			data.Keys = append(data.Keys, *one.APIKey)
		}
	}
	if s.consents == nil {
		return data, nil
	}
	data.Applications, err = s.consents.List(ctx, id)
	return data, err
}

// keep takes away what the person has marked. What is gone already is what was
// wanted.
func (s *Server) keep(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	ctx, user := r.Context(), in.User.ID
	for name := range r.PostForm {
		kind, id, _ := strings.Cut(name, "-")
		var err error
		switch {
		case kind == page.RemovePasskey:
			err = s.passkeys.Remove(ctx, user, id)
		case kind == page.RemoveIdentity && s.sso != nil:
			err = s.sso.Disconnect(ctx, user, id)
		case kind == page.RemoveKey && s.keys != nil:
			err = s.keys.Revoke(ctx, user, id)
		case kind == page.RemoveApplication && s.consents != nil:
			err = s.consents.Revoke(ctx, user, id)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return redirect(w, r, "/settings/security?done=password-kept")
}
