package web

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

// What browsers and password managers look for at an origin.
const (
	changePasswordPath   = "/.well-known/change-password"   // "A Well-Known URL for Changing Passwords", W3C
	passkeyEndpointsPath = "/.well-known/passkey-endpoints" // "Passkey Endpoints", W3C
)

func (s *Server) mountWellKnown(router *mux.Router) {
	refused := http.HandlerFunc(apierror.MethodNotAllowed)
	change := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/settings/password", http.StatusFound)
	})
	router.Handle(changePasswordPath, httpserver.Methods{http.MethodGet: change}.Handler(refused))
	if s.passkeys == nil || !s.passkeys.Available() {
		return
	}
	manage := s.issuer + "/settings/passkeys"
	document, _ := json.Marshal(map[string]string{"enroll": manage, "manage": manage}) // never fails
	passkeys := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // the browser may be gone
	})
	router.Handle(passkeyEndpointsPath, httpserver.CrossOriginDocument(passkeys, refused))
}
