package web

import (
	"errors"
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// errUserCode is said of a code that nothing waits with.
var errUserCode = fault.New(fault.Invalid, "No device is waiting with this code. Check it, or start again on the device.")

// showDevice asks for the code that a device shows. One that came in the address is
// filled in and does nothing by itself: somebody else may have sent the link.
func (s *Server) showDevice(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.newView(w, r, "device.title")
	v.Signin = in
	v.Fields = map[string]string{"user_code": r.URL.Query().Get("user_code")}
	return s.render(w, r, http.StatusOK, v, page.DevicePage(v))
}

// device shows who waits with the code, and takes the decision.
func (s *Server) device(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.newView(w, r, "device.title")
	v.Signin = in
	again := func(err error) error { return s.again(w, r, v, page.DevicePage(v), err, "user_code") }
	if err := s.people.AdmitDevice(r.Context(), in.User.ID); err != nil {
		return again(err)
	}
	waiting, err := s.devices.Find(r.Context(), r.PostForm.Get("user_code"))
	if fault.Is(err, fault.NotFound) {
		return again(errUserCode)
	}
	if err != nil {
		return err
	}
	c, err := s.asks(r.Context(), waiting.ClientID)
	if fault.Is(err, fault.NotFound) { // it was deleted since the device asked
		return again(errUserCode)
	}
	if err != nil {
		return err
	}
	decision := r.PostForm.Get("decision")
	if decision != "allow" && decision != "deny" {
		d := page.NewDeviceView(in, waiting, c, r.PostForm.Get("user_code"), s.visitor(w, r).Address, s.graceDays())
		return s.render(w, r, http.StatusOK, v, page.DeviceConsentPage(v, d))
	}
	if shown := r.PostForm.Get(authserver.TermsField); shown != authserver.TermsDigest(c) {
		return again(errUserCode)
	}
	if decision == "allow" {
		if err := s.noteConsent(r.Context(), c); err != nil {
			return err
		}
	}
	err = s.devices.Decide(r.Context(), in, waiting, c, decision == "allow")
	if fault.Is(err, fault.NotFound) || errors.Is(err, grant.ErrNoParent) { // the client is gone, or the sign-in
		return again(errUserCode)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, "/?done=device-"+decision)
}
