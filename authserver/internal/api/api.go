// Package api is the first-party JSON API: /api/v1/auth, /api/v1/users/me,
// /api/v1/devices, /api/v1/api_keys. It reads requests strictly, asks packages
// account and apikey, and answers in the shapes of docs/contract.md.
package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
)

// ResourceServers recognises resource servers. oauth.Server answers it.
type ResourceServers interface {
	// AuthenticateResourceServer returns the resource server that sent r;
	// fault.Unauthenticated or fault.Forbidden: it is none.
	AuthenticateResourceServer(r *http.Request) (*authserver.Client, error)
}

// Dependencies of a Server.
type Dependencies struct {
	People          *account.Service
	Recovery        *account.Recovery
	Keys            *apikey.Service
	SSO             *sso.Service // nil: there is none
	Guard           *guard.Guard // of Realm
	ResourceServers ResourceServers
	Now             func() time.Time
}

// Server answers the endpoints.
type Server struct{ Dependencies }

// New returns a Server.
func New(d Dependencies) *Server { return &Server{d} }

// Mount adds the endpoints to router.
func (s *Server) Mount(router *mux.Router) {
	router.Handle("/api/v1/auth/signup", endpoint(methods{http.MethodPost: s.signup}))
	router.Handle("/api/v1/auth/login", endpoint(methods{http.MethodPost: s.login}))
	router.Handle("/api/v1/auth/refresh", endpoint(methods{http.MethodPost: s.refresh}))
	router.Handle("/api/v1/auth/logout", endpoint(methods{http.MethodDelete: s.Guard.Admit(ownAppReader, s.logout)}))
	router.Handle("/api/v1/auth/enable_ai", endpoint(methods{http.MethodPatch: s.Guard.Admit(writer, s.enableAI)}))
	router.Handle("/api/v1/users/me", endpoint(methods{http.MethodDelete: s.Guard.Admit(writer, s.deleteUser)}))
	router.Handle("/api/v1/devices", endpoint(methods{http.MethodGet: s.Guard.Admit(ownAppReader, s.listDevices)}))
	router.Handle("/api/v1/devices/{id}", endpoint(methods{http.MethodDelete: s.Guard.Admit(ownAppWriter, s.revokeDevice)}))
	router.Handle("/oauth/userinfo", endpoint(methods{
		http.MethodGet: s.Guard.Admit(anybody, s.userinfo), http.MethodPost: s.Guard.Admit(anybody, s.userinfo),
	}))
	router.Handle("/oauth/token/info", endpoint(methods{http.MethodGet: s.Guard.Admit(anyToken, s.tokenInfo)}))
	s.mountKeys(router)
	s.mountSSO(router)
}

// endpoint answers one path by method, also to scripts of other origins: nothing
// here reads a cookie.
func endpoint(by methods) http.Handler {
	return httpserver.CrossOrigin(handlers(by), http.HandlerFunc(apierror.MethodNotAllowed))
}

// internal answers one path by method to programs that are no browsers.
func internal(by methods) http.Handler {
	return handlers(by).Handler(http.HandlerFunc(apierror.MethodNotAllowed))
}

func handlers(by methods) httpserver.Methods {
	m := httpserver.Methods{}
	for method, h := range by {
		m[method] = httpserver.Handle(h, Render)
	}
	return m
}

type methods = map[string]httpserver.Handler

// refusal is an error in the shape of docs/contract.md, "Errors", with a code;
// all others of this API are sentences ("Other error shapes").
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// Realm is the realm of the challenges of this API.
const Realm = "Latchkey"

// Render answers with an error. Every 401 carries a challenge (RFC 9110 section
// 15.5.2); the guard sets its own.
func Render(w http.ResponseWriter, r *http.Request, err error) {
	_, coded := errors.AsType[refusal](err)
	if fault.Is(err, fault.Unauthenticated) && w.Header().Get("WWW-Authenticate") == "" {
		challenge := `Bearer realm="` + Realm + `"`
		if coded {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if coded {
		apierror.Write(w, r, err)
		return
	}
	apierror.WriteSentence(w, r, err)
}
