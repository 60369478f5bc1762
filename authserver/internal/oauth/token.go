package oauth

import (
	"net/http"
	"time"

	"github.com/ory/fosite"

	"latchkey/authserver"
)

// tokenSession carries the tokens of a handler to fosite's writer; it is our
// use of what fosite calls a session.
type tokenSession struct {
	fosite.DefaultSession
	tokens *authserver.Tokens
}

func setTokens(r fosite.AccessRequester, tokens *authserver.Tokens) {
	if session, ok := r.GetSession().(*tokenSession); ok {
		session.tokens = tokens
	}
}

func populate(r fosite.AccessRequester, resp fosite.AccessResponder, now time.Time) error {
	session, ok := r.GetSession().(*tokenSession)
	if !ok || session.tokens == nil {
		return fosite.ErrServerError
	}
	t := session.tokens
	resp.SetAccessToken(t.AccessToken.Reveal())
	resp.SetTokenType("Bearer")
	resp.SetExpiresIn(time.Duration(t.ExpiresIn(now)) * time.Second)
	resp.SetExtra("refresh_token", t.RefreshToken.Reveal())
	resp.SetExtra("scope", t.Scopes.String())
	resp.SetExtra("created_at", t.IssuedAt.Unix())
	return nil
}

// token is POST /oauth/token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err == nil {
		err = checkGrant(form.Get("grant_type"))
	}
	if err != nil {
		s.fail(w, r, "token", err)
		return
	}
	ctx := r.Context()
	request, err := s.fosite.NewAccessRequest(ctx, r, &tokenSession{})
	if err != nil {
		s.fail(w, r, "token", err)
		return
	}
	logClient(ctx, request.GetClient())
	response, err := s.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		s.fail(w, r, "token", err)
		return
	}
	s.fosite.WriteAccessResponse(ctx, w, request, response)
}

// checkGrant tells a missing grant type from an unknown one, which fosite does
// not.
func checkGrant(grant string) error {
	switch grant {
	case "authorization_code", "refresh_token":
		return nil
	case "":
		return fosite.ErrInvalidRequest.WithHint("The parameter grant_type is missing.")
	}
	return fosite.ErrUnsupportedGrantType.WithHint("The grant types are authorization_code and refresh_token.")
}
