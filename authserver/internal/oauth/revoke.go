package oauth

import (
	"net/http"

	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/secret"
)

// revoke is POST /oauth/revoke. Any token of a chain ends the chain. The answer
// is 200 for whatever was sent, another client's token included, which it does
// not touch; it is 503 when the database could not be asked, because then
// nothing was revoked (RFC 7009 section 2.2.1).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		s.fail(w, r, "revoke", err)
		return
	}
	ctx := r.Context()
	caller, err := s.authenticated(ctx, r, form)
	if err != nil {
		s.fail(w, r, "revoke", err)
		return
	}
	logClient(ctx, client{caller})
	text := form.Get("token")
	if text == "" {
		s.fail(w, r, "revoke", fosite.ErrInvalidRequest.WithHint("The parameter token is missing."))
		return
	}
	if kind, err := secret.KindOf(text); err == nil && (kind == secret.AccessToken || kind == secret.RefreshToken) {
		ended, err := s.Store.EndChainOfToken(ctx, secret.DigestOf(text), caller.ID, authserver.EndRevoked, s.Now())
		if err != nil {
			s.fail(w, r, "revoke", err)
			return
		}
		s.ended(ctx, ended, authserver.EndRevoked)
	}
	writeJSON(w, http.StatusOK, struct{}{})
}
