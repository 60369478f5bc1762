package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

func (s *Server) showSignins(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	var data page.SigninsView
	var err error
	if data.Signins, err = s.people.Signins(r.Context(), in.User.ID); err != nil {
		return err
	}
	if data.Devices, err = s.people.Devices(r.Context(), in.User.ID); err != nil {
		return err
	}
	v := s.personalView(w, r, in, "signins.title")
	return s.render(w, r, http.StatusOK, v, page.SigninsPage(v, data))
}

func (s *Server) endSignins(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	id, done := r.PostForm.Get("id"), ""
	var err error
	switch r.PostForm.Get("action") {
	case "end-signin":
		done, err = "signin-ended", s.people.EndOneSignin(r.Context(), in.User.ID, id)
	case "end-device":
		done, err = "device-ended", s.people.RevokeDevice(r.Context(), in.User.ID, id)
	case "end-others":
		done, err = "others-ended", s.people.EndOtherSignins(r.Context(), in)
	default:
		return errForm
	}
	if err != nil && !fault.Is(err, fault.NotFound) { // gone already is what was wanted
		return err
	}
	return redirect(w, r, "/settings/signins?done="+done)
}
