package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// confirmed is a handler of a form that only somebody reaches who has proved to
// be present not long ago, or gives the password with the form. Anybody else is
// asked for it on a page that carries the form's fields along.
type confirmed struct {
	post   handler
	script bool // our own script sent the form, and shows the refusal itself
}

func (h confirmed) bind(s *Server, unsigned httpserver.Handler) httpserver.Handler {
	return person(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		err := s.people.Reconfirm(r.Context(), in, r.PostForm.Get("password"))
		switch {
		case err == nil:
			return h.post.bind(s, unsigned)(w, r)
		case h.script:
			return err
		}
		return s.askConfirmation(w, r, in, err)
	}).bind(s, unsigned)
}

// notCarried are fields that the page of the confirmation has itself, and secrets.
var notCarried = []string{authserver.FormTokenField, "password", "client_secret"}

// askConfirmation asks for the password before the form of r goes on; somebody
// without one has to sign in again. refused is why it did not go on; nil: it was
// not sent yet.
func (s *Server) askConfirmation(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error {
	v := s.personalView(w, r, in, "reconfirm.title")
	v.Notice = ""
	action := r.URL.RequestURI()
	back := action
	if !strings.HasPrefix(back, "/settings/") && !strings.HasPrefix(back, page.OperatorPath+"/") { // the form leads to a provider
		back, v.FormTargets = identitiesPath, s.providerTargets()
		v.Path = back
	}
	if in.User.PasswordHash == "" {
		return s.refused(w, r, v, page.SignInAgainPage(v, back), account.ErrSignInAgain)
	}
	data := page.ConfirmationView{Action: action, Back: back}
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		if !slices.Contains(notCarried, name) {
			data.Carried = append(data.Carried, page.Carried{Name: name, Value: r.PostForm.Get(name)})
		}
	}
	body := page.ConfirmationPage(v, data)
	if refused == nil {
		return s.render(w, r, http.StatusOK, v, body)
	}
	if fault.Is(refused, fault.Invalid) && !r.PostForm.Has("password") {
		return s.render(w, r, http.StatusUnprocessableEntity, v, body) // asked for the first time: nothing is wrong
	}
	return s.again(w, r, v, body, refused)
}
