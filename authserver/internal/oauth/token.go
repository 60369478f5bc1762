package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/scope"
)

// token is POST /oauth/token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err == nil {
		err = checkGrantType(form.Get("grant_type"))
	}
	if err == nil {
		err = s.respond(w, r)
	}
	if err != nil {
		s.fail(w, r, "token", err)
	}
}

// checkGrantType tells a missing grant type from an unknown one, which fosite
// does not.
func checkGrantType(name string) error {
	switch name {
	case "authorization_code", "refresh_token", registration.GrantDevice:
		return nil
	case "":
		return invalidRequest("The parameter grant_type is missing.")
	}
	return &Error{Code: "unsupported_grant_type", Description: "The grant types are authorization_code, refresh_token and the device code grant.", Status: http.StatusBadRequest}
}

// redeem is the authorization code grant (RFC 6749 section 4.1.3).
func (s *Server) redeem(ctx context.Context, clientID string, form url.Values) (*authserver.Tokens, error) {
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if form.Get(name) == "" {
			return nil, invalidRequest("The parameter " + name + " is missing.")
		}
	}
	target, err := s.resource(form)
	if err != nil {
		return nil, err
	}
	tokens, err := s.grants.Redeem(ctx, grant.Exchange{
		Code: form.Get("code"), ClientID: clientID, RedirectURI: form.Get("redirect_uri"),
		Challenge: challengeOf(form.Get("code_verifier")), Resource: target,
	})
	if refused, ok := errors.AsType[*grant.Refusal](err); ok && refused.Reason == grant.ReasonRedirect {
		logRedirect(ctx, form.Get("redirect_uri"))
	}
	return tokens, fromGrant(err)
}

// refresh is the refresh token grant (RFC 6749 section 6).
func (s *Server) refresh(ctx context.Context, clientID string, form url.Values) (*authserver.Tokens, error) {
	if form.Get("refresh_token") == "" {
		return nil, invalidRequest("The parameter refresh_token is missing.")
	}
	asked, err := scope.Parse(form.Get("scope"))
	if err != nil {
		return nil, invalidScope("The scopes are read and read_write.")
	}
	target, err := s.resource(form)
	if errors.Is(err, errResource) { // matches no grant; who replays a token is found out all the same
		target, err = form.Get("resource"), nil
	}
	if err != nil {
		return nil, err
	}
	tokens, err := s.grants.Refresh(ctx, grant.RefreshRequest{
		RefreshToken: form.Get("refresh_token"), ClientID: clientID, Scopes: asked, Resource: target,
	})
	return tokens, fromGrant(err)
}

// fromGrant says an error of package grant in the protocol's words. To its caller
// every token that is not good looks alike.
func fromGrant(err error) error {
	if refused, ok := errors.AsType[*grant.Refusal](err); ok {
		return &Error{
			Code: "invalid_grant", Status: http.StatusBadRequest, cause: refused,
			Description: "The code or token is unknown, expired, used, revoked, or was issued to another client or for other parameters.",
		}
	}
	switch {
	case errors.Is(err, grant.ErrScope):
		return invalidScope("A refresh may narrow the scope, never widen it.")
	case errors.Is(err, grant.ErrTarget):
		return invalidTarget("The grant is for another resource.")
	}
	return err
}
