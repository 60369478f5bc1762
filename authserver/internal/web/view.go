package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/httpserver"
)

func (s *Server) language(r *http.Request) string {
	if chosen := s.preferences(r).Language; chosen != "" {
		return chosen
	}
	return s.site.Language(r.Header.Get("Accept-Language"))
}

// newView fills in what every page has.
func (s *Server) newView(w http.ResponseWriter, r *http.Request, title string, args ...any) *page.View {
	v := s.bareView(r, title, args...)
	v.CSRF = s.formToken(w, r)
	return v
}

// bareView is newView for a page without forms.
func (s *Server) bareView(r *http.Request, title string, args ...any) *page.View {
	v := s.site.View(s.language(r), title, args...)
	v.Now, v.RequestID, v.Theme, v.Here = s.now(), httpserver.RequestID(r.Context()), s.preferences(r).Theme, here(r)
	return v
}

// entryView is newView for a page on the way in, which leads onward to where the
// person was going.
func (s *Server) entryView(w http.ResponseWriter, r *http.Request, title string) *page.View {
	v := s.newView(w, r, title)
	v.ReturnTo = returnTo(r)
	v.LeadsAnywhere = authorizes(v.ReturnTo)
	return v
}

// personalView is newView for a page of the person in.
func (s *Server) personalView(w http.ResponseWriter, r *http.Request, in *authserver.Signin, title string, args ...any) *page.View {
	v := s.newView(w, r, title, args...)
	v.Signin, v.Path = in, r.URL.Path
	v.CSRF += "." + formOwner(in.User.ID)
	v.Notice = notices[r.URL.Query().Get("done")]
	return v
}

// notices are what a page can be asked to say after a redirect: nothing else.
var notices = map[string]string{
	"sign-out": "notice.person_signed_out", "second-factor": "notice.person_factor_off", "appoint": "notice.appointed", "dismiss": "notice.dismissed",
	"deactivate": "notice.deactivated", "reactivate": "notice.reactivated", "invite-revoked": "notice.invite_revoked", "token-revoked": "notice.token_revoked",
	"password": "notice.password", "second-factor-off": "notice.second_factor_off", "signin-ended": "notice.signin_ended",
	"others-ended": "notice.others_ended", "device-ended": "notice.device_ended", "renamed": "notice.renamed", "time-zone": "notice.time_zone",
	"role": "notice.role", "removed": "notice.removed", "invitation-revoked": "notice.invitation_revoked",
	"device-allow": "notice.device_allowed", "device-deny": "notice.device_denied", "installation-ended": "notice.installation_ended", "passkey-added": "notice.passkey_added", "passkey-renamed": "notice.passkey_renamed",
	"passkey-removed": "notice.passkey_removed",
	"saved":           "notice.saved", "email": "notice.email", "email-confirmed": "notice.email_confirmed", "app-revoked": "notice.app_revoked",
	"key-revoked": "notice.key_revoked", "client-created": "notice.client_created", "client-deleted": "notice.client_deleted",
	"password-reset": "notice.password_reset", "password-kept": "notice.password_kept", "restored": "notice.restored",
}
