package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// listRegistrations shows how clients may introduce themselves, and the tokens that let
// them.
func (s *Server) listRegistrations(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	all, err := s.clients.Tokens(r.Context())
	if err != nil {
		return err
	}
	d := page.RegistrationsView{Mode: s.clients.Mode}
	all, d.Window = windowed(r, "from", all, page.Rows)
	for i := range all {
		d.Tokens = append(d.Tokens, page.RegistrationTokenView{RegistrationToken: all[i], State: all[i].State(s.now())})
	}
	v := s.personalView(w, r, in, "operator.registrations.title")
	return s.render(w, r, http.StatusOK, v, page.OperatorRegistrationsPage(v, d))
}

const registrationsPath = page.OperatorPath + "/registrations"

func newRegistrationToken() page.ActView {
	return page.ActView{Key: "operator.registrations.new", Back: registrationsPath, Token: true}
}

func (s *Server) showNewToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.ask(w, r, in, newRegistrationToken(), nil)
}

func (s *Server) createToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	text, err := s.operator.NewRegistrationToken(r.Context(), &in.User, r.PostForm.Get("note"), r.PostForm.Get("uses"), r.PostForm.Get("days"))
	if err != nil {
		return s.ask(w, r, in, newRegistrationToken(), err)
	}
	d := newRegistrationToken()
	v := s.personalView(w, r, in, d.Key+".made", text.String())
	return s.render(w, r, http.StatusOK, v, page.OperatorOncePage(v, d.Back, d.Key, text.String(), text.Reveal()))
}

func (s *Server) askRevokeToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.ask(w, r, in, page.ActView{Key: "operator.registrations.revoke", Back: registrationsPath, Danger: true}, nil)
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.operator.RevokeRegistrationToken(r.Context(), &in.User, idOf(r)); err != nil && !fault.Is(err, fault.NotFound) {
		return err // gone already is what was wanted
	}
	return redirect(w, r, registrationsPath+"?done=token-revoked")
}
