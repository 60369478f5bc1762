package web

import (
	"log/slog"
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// Mount adds the pages to router.
func (s *Server) Mount(router *mux.Router) {
	page := func(path string, get, post httpserver.Handler) {
		router.Handle(path, s.methods(get, post))
	}
	page("/", s.landing, nil)
	page("/signup", s.showSignup, s.signup)
	page("/signin", s.showSignin, s.signin)
	page("/signin/second-factor", s.showSecondStep, s.secondStep)
	page("/signout", s.showSignout, s.signout)
	page("/join", s.join, nil)

	own := func(path string, get, post personal) {
		if post == nil {
			page(path, s.forPerson(get), nil)
			return
		}
		page(path, s.forPerson(get), s.forPerson(post))
	}
	own("/settings/security", s.security, nil)
	own("/settings/password", s.showPassword, s.changePassword)
	own("/settings/second-factor", s.showSecondFactor, s.confirmSecondFactor)
	own("/settings/second-factor/off", s.showDisable, s.disableSecondFactor)
	own("/settings/second-factor/recovery", s.showRenewCodes, s.renewCodes)
	own("/settings/signins", s.showSignins, s.endSignins)
	own("/settings/family", s.showFamily, s.changeFamily)
	own("/settings/delete", s.showDelete, s.deleteAccount)

	s.passkeyRoutes(router)
	s.ssoRoutes(router)
	s.ownRoutes(router)
	s.keyRoutes(router)
	page("/assets/{sum}/{name}", s.serveAsset, nil)
}

// methods answers GET and HEAD with get and POST with post, after the form has
// been checked. A nil handler is a method that is not allowed.
func (s *Server) methods(get, post httpserver.Handler) http.Handler {
	m := httpserver.Methods{http.MethodGet: httpserver.Handle(get, s.RenderError)}
	if post != nil {
		m[http.MethodPost] = httpserver.Handle(func(w http.ResponseWriter, r *http.Request) error {
			if err := s.CheckForm(r); err != nil {
				return err
			}
			return post(w, r)
		}, s.RenderError)
	}
	return m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.errorPage(w, r, http.StatusMethodNotAllowed, "", "This page cannot be asked for in that way.")
	}))
}

// NotFound is the page of an address that does not exist.
func (s *Server) NotFound() http.Handler {
	return httpserver.Handle(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}, s.RenderError)
}

func annotate(r *http.Request, userID string) {
	httpserver.Annotate(r.Context(), slog.String("user_id", userID))
}
