package web

import (
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

const signinsPath = "/settings/signins"

func (s *Server) signinsOf(r *http.Request, in *authserver.Signin) (d page.SigninsView, err error) {
	if d.Signins, err = s.people.Signins(r.Context(), in.User.ID); err != nil {
		return d, err
	}
	d.Devices, err = s.people.Devices(r.Context(), in.User.ID)
	d.Elsewhere = len(d.Signins)+len(d.Devices) > 1
	return d, err
}

func (s *Server) showSignins(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	data, err := s.signinsOf(r, in)
	if err != nil {
		return err
	}
	data.Signins, data.SigninsWindow = windowed(r, "browsers", data.Signins, page.FewRows)
	data.Devices, data.DevicesWindow = windowed(r, "devices", data.Devices, page.FewRows)
	v := s.personalView(w, r, in, "signins.title")
	return s.render(w, r, http.StatusOK, v, page.SigninsPage(v, data))
}

// askEndSignin says what the end of the sign-in at another browser does.
func (s *Server) askEndSignin(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.signinsOf(r, in)
	if err != nil {
		return err
	}
	one := elsewhere(d, in, mux.Vars(r)["id"])
	if one == nil {
		return errNowhere
	}
	v := s.personalView(w, r, in, "signin_end.heading")
	facts := []page.Fact{{Key: "since", Cell: page.ListCell{Moment: &one.CreatedAt}}, {Key: "seen", Cell: page.ListCell{Moment: &one.SeenAt}}}
	if one.Address != "" {
		place, err := v.Place(one.Address)
		if err != nil {
			return err
		}
		facts = append(facts, page.Fact{Key: "address", Cell: page.ListCell{Text: place}})
	}
	if err := v.Naming(one.UserAgent); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.AskPage(v, endsSignin("signin_end", facts, "end-signin", one.ID)))
}

// elsewhere is the sign-in of an id at another browser; nil: there is none.
func elsewhere(d page.SigninsView, in *authserver.Signin, id string) *authserver.Signin {
	i := slices.IndexFunc(d.Signins, func(one authserver.Signin) bool { return one.ID == id && id != in.ID })
	if i < 0 {
		return nil
	}
	return &d.Signins[i]
}

// askRecognise asks whether a sign-in at a browser that is new was the person's.
func (s *Server) askRecognise(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.signinsOf(r, in)
	if err != nil {
		return err
	}
	one := elsewhere(d, in, mux.Vars(r)["id"])
	switch {
	case one == nil:
		return errNowhere
	case !one.Unfamiliar:
		return redirect(w, r, signinsPath)
	}
	v := s.personalView(w, r, in, "recognise.title")
	return s.render(w, r, http.StatusOK, v, page.RecognisePage(v, one))
}

// recognise notes that it was. Nobody recognises the browser they are at.
func (s *Server) recognise(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	id := mux.Vars(r)["id"]
	if id == in.ID {
		return errNowhere
	}
	if err := s.people.Recognise(r.Context(), in.User.ID, id); err != nil && !fault.Is(err, fault.NotFound) {
		return err // gone already is what was wanted
	}
	return redirect(w, r, signinsPath)
}

// askEndDevice does the same for a device.
func (s *Server) askEndDevice(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.signinsOf(r, in)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	i := slices.IndexFunc(d.Devices, func(one authserver.Device) bool { return one.ID == id })
	if i < 0 {
		return errNowhere
	}
	facts := []page.Fact{{Key: "since", Cell: page.ListCell{Moment: &d.Devices[i].CreatedAt}}, {Key: "seen", Cell: page.ListCell{Moment: &d.Devices[i].SeenAt}}}
	return s.askFirst(w, r, in, endsSignin("device_end", facts, "end-device", id), d.Devices[i].Name)
}

// askEndOthers counts what ends everywhere else.
func (s *Server) askEndOthers(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.signinsOf(r, in)
	if err != nil {
		return err
	}
	asked := endsSignin("others_end", nil, "end-others", "")
	asked.Nothing = !d.Elsewhere
	asked.Happens = []page.Happening{{Key: "happens.signins", Count: len(d.Signins) + len(d.Devices) - 1}}
	return s.askFirst(w, r, in, asked)
}

// endsSignin is the page before an act of endSignins.
func endsSignin(key string, facts []page.Fact, action, id string) page.AskView {
	d := page.AskView{Key: key, Back: signinsPath, Action: signinsPath, Facts: facts, Fields: []page.Carried{{Name: "action", Value: action}}}
	if id != "" {
		d.Fields = append(d.Fields, page.Carried{Name: "id", Value: id})
	}
	return d
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
	return redirect(w, r, signinsPath+"?done="+done)
}
