package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/pkg/httpserver"
)

// personal is a handler of a page that belongs to the person who is signed in.
type personal func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error

// forPerson asks for a sign-in first and comes back to the page after it.
func (s *Server) forPerson(h personal) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		in, err := s.current(r)
		if err != nil {
			return err
		}
		if in == nil {
			if r.Method == http.MethodPost { // the form is gone, the page is not
				return redirect(w, r, withReturn("/signin", safePath(r.URL.Path)))
			}
			return redirect(w, r, withReturn("/signin", safePath(r.URL.RequestURI())))
		}
		return h(w, r, in)
	}
}

// personalView is newView for a page of the person in.
func (s *Server) personalView(w http.ResponseWriter, r *http.Request, in *authserver.Signin, title string, args ...any) *view {
	v := s.newView(w, r, title, args...)
	v.Signin, v.Path = in, r.URL.Path
	v.Notice = notices[r.URL.Query().Get("done")]
	return v
}

// notices are what a page can be asked to say after a redirect: nothing else.
var notices = map[string]string{
	"password": "notice.password", "second-factor-off": "notice.second_factor_off", "signin-ended": "notice.signin_ended",
	"others-ended": "notice.others_ended", "device-ended": "notice.device_ended", "renamed": "notice.renamed",
	"role": "notice.role", "removed": "notice.removed", "invitation-revoked": "notice.invitation_revoked",
	"deleted": "notice.deleted", "passkey-added": "notice.passkey_added", "passkey-renamed": "notice.passkey_renamed",
	"passkey-removed": "notice.passkey_removed",
	"saved":           "notice.saved", "email": "notice.email", "app-revoked": "notice.app_revoked",
	"key-revoked": "notice.key_revoked", "client-created": "notice.client_created", "client-deleted": "notice.client_deleted",
	"password-reset": "notice.password_reset",
}

// again shows a refused form: its fields filled, but never a secret.
func (s *Server) again(w http.ResponseWriter, r *http.Request, v *view, page templ.Component, err error, fields ...string) error {
	v.Fields = map[string]string{}
	for _, name := range fields {
		v.Fields[name] = r.PostForm.Get(name)
	}
	status, err := s.refuse(w, v, err)
	if err != nil {
		return err
	}
	return s.render(w, r, status, v, page)
}
