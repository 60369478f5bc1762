package oauth

import "net/http"

// revoke is POST /oauth/revoke. Any refresh token of a grant ends it, and so does
// its current access token. The answer is 200 for whatever was sent, another
// client's token included, which it does not touch; it is 503 when the database
// could not be asked, because then nothing was revoked (RFC 7009 section 2.2.1).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		s.fail(w, r, "revoke", err)
		return
	}
	ctx := r.Context()
	caller, err := s.authenticate(ctx, r, form)
	if err != nil {
		s.fail(w, r, "revoke", err)
		return
	}
	text := form.Get("token")
	if text == "" {
		s.fail(w, r, "revoke", invalidRequest("The parameter token is missing."))
		return
	}
	if err := s.grants.Revoke(ctx, text, caller.ID); err != nil {
		s.fail(w, r, "revoke", err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}
