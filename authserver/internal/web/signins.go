package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

type signinsView struct {
	Signins []authserver.Signin
	Devices []authserver.Device
}

func (s *Server) showSignins(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	var data signinsView
	var err error
	if data.Signins, err = s.People.Signins(r.Context(), in.User.ID); err != nil {
		return err
	}
	if data.Devices, err = s.People.Devices(r.Context(), in.User.ID); err != nil {
		return err
	}
	v := s.personalView(w, r, in, "signins.title")
	return s.render(w, r, http.StatusOK, v, signinsPage(v, data))
}

func (s *Server) endSignins(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	id, done := r.PostForm.Get("id"), ""
	var err error
	switch r.PostForm.Get("action") {
	case "end-signin":
		done, err = "signin-ended", s.People.EndOneSignin(r.Context(), in.User.ID, id)
	case "end-device":
		done, err = "device-ended", s.People.RevokeDevice(r.Context(), in.User.ID, id)
	case "end-others":
		done, err = "others-ended", s.People.EndOtherSignins(r.Context(), in)
	default:
		return errForm
	}
	if err != nil && !fault.Is(err, fault.NotFound) { // gone already is what was wanted
		return err
	}
	return redirect(w, r, "/settings/signins?done="+done)
}
