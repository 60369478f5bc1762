package api

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
)

// mountSSO adds the endpoints of docs/contract.md, "Single sign-on".
func (s *Server) mountSSO(router *mux.Router) {
	if s.SSO == nil {
		return
	}
	router.Handle("/api/v1/auth/sso_exchange", endpoint(methods{http.MethodPost: s.ssoExchange}))
	router.Handle("/api/v1/auth/sso_link", endpoint(methods{http.MethodPost: s.ssoLink}))
	router.Handle("/api/v1/auth/sso_create_account", endpoint(methods{http.MethodPost: s.ssoCreate}))
}

// ssoExchange is POST /api/v1/auth/sso_exchange: tokens for the code that the
// browser brought the app.
func (s *Server) ssoExchange(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Code     *string `json:"code"`
		Verifier *string `json:"code_verifier"`
	}
	if err := decode(r, &body); err != nil {
		return refusal{err}
	}
	if strings.TrimSpace(orBlank(body.Code)) == "" {
		return refusal{fault.New(fault.Malformed, "Required parameters are missing or invalid")}
	}
	u, tokens, err := s.SSO.Exchange(r.Context(), sso.Proof{Code: *body.Code, Verifier: orBlank(body.Verifier)}, visitor(r))
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return refusal{err}
		}
		return err
	}
	return s.opened(w, r, u, tokens)
}

func (s *Server) opened(w http.ResponseWriter, r *http.Request, u *authserver.User, tokens *authserver.Tokens) error {
	apierror.JSON(w, r, http.StatusOK, s.tokens(tokens, s.user(u)))
	return nil
}

var errNoLinkingCode = fault.New(fault.Malformed, "Linking code is required")

// ssoLink is POST /api/v1/auth/sso_link: the account at the provider becomes a
// way in to the account whose password is given.
func (s *Server) ssoLink(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Code     *string `json:"linking_code"`
		Email    *string `json:"email"`
		Password *string `json:"password"`
		OTPCode  *string `json:"otp_code"`
		Verifier *string `json:"code_verifier"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	if strings.TrimSpace(orBlank(body.Code)) == "" {
		return errNoLinkingCode
	}
	u, tokens, err := s.SSO.LinkApp(r.Context(), sso.Proof{Code: *body.Code, Verifier: orBlank(body.Verifier)},
		sso.Credentials{Email: orBlank(body.Email), Password: orBlank(body.Password), OTPCode: orBlank(body.OTPCode)}, visitor(r))
	if err != nil {
		return err
	}
	return s.opened(w, r, u, tokens)
}

// ssoCreate is POST /api/v1/auth/sso_create_account: a new account for the person
// at the provider.
func (s *Server) ssoCreate(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Code      *string `json:"linking_code"`
		FirstName *string `json:"first_name"`
		LastName  *string `json:"last_name"`
		Verifier  *string `json:"code_verifier"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	if strings.TrimSpace(orBlank(body.Code)) == "" {
		return errNoLinkingCode
	}
	u, tokens, err := s.SSO.CreateApp(r.Context(), sso.Proof{Code: *body.Code, Verifier: orBlank(body.Verifier)},
		sso.Names{First: body.FirstName, Last: body.LastName}, visitor(r))
	if err != nil {
		return err
	}
	return s.opened(w, r, u, tokens)
}
