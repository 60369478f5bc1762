package web

import (
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/authserver"
)

// ownRoutes are the pages of lost passwords, of what a person has allowed and
// developed, and of what is held on a person.
func (s *Server) ownRoutes(router *mux.Router) {
	router.Handle("/forgot", s.methods(s.showForgot, s.forgot))
	router.Handle("/reset", s.methods(s.showReset, s.reset))
	own := func(path string, get, post personal) {
		router.Handle(path, s.methods(s.forPerson(get), s.forPerson(post)))
	}
	own("/settings/account", s.showProfile, s.changeProfile)
	own("/settings/email", s.showEmail, s.changeEmail)
	own("/settings/email/confirm", s.showConfirmEmail, s.confirmEmail)
	own("/settings/export", s.showExport, s.export)
	own("/settings/applications", s.showApplications, s.revokeApplication)
	own("/settings/applications/one", s.showApplication, s.revokeApplication)
	own(clientsPath, s.showClients, s.noForm)
	own(clientsPath+"/new", s.showNewClient, s.createClient)
	own(clientsPath+"/{client}", s.owned(s.showClient), s.owned(s.changeClient))
	own(clientsPath+"/{client}/rotate", s.owned(s.showRotation), s.owned(s.rotateClient))
	own(clientsPath+"/{client}/delete", s.owned(s.showDeletion), s.owned(s.deleteClient))
}

// noForm answers a form that the page does not have.
func (s *Server) noForm(http.ResponseWriter, *http.Request, *authserver.Signin) error { return errForm }
