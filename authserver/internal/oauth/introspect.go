package oauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/ory/fosite"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// inactive is the whole answer to whatever is not a live credential.
var inactive = introspection.Answer{}

// introspect is POST /oauth/introspect. The caller is a resource server with its
// secret; a user's token is no proof of anything here.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	caller, err := s.authenticated(r.Context(), r, form)
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	if !caller.ResourceServer {
		s.fail(w, r, "introspect", withStatus(fosite.ErrAccessDenied.WithHint("Only a resource server may introspect."), http.StatusForbidden))
		return
	}
	if form.Get("token") == "" {
		s.fail(w, r, "introspect", fosite.ErrInvalidRequest.WithHint("The parameter token is missing."))
		return
	}
	answer, err := s.describe(r.Context(), form.Get("token"), form.Get("reason") == "true")
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	s.Metrics.Introspected(answer.Active)
	writeJSON(w, http.StatusOK, answer)
}

// describe answers for text. Why something is not active is told only to a
// resource server that asks (an extension of ours), and only for deactivation.
func (s *Server) describe(ctx context.Context, text string, withReason bool) (introspection.Answer, error) {
	token, err := secret.ParseAny(text)
	if err != nil {
		return inactive, nil
	}
	a, err := s.Credentials.Introspect(ctx, token)
	switch {
	case err != nil:
		return inactive, err
	case !a.Active && !withReason:
		return inactive, nil
	case a.Active && s.Uses != nil && a.CredentialKind == introspection.KindAccessToken:
		s.Uses.Note(a.CredentialID)
	}
	return a, nil
}

func logClient(ctx context.Context, c fosite.Client) {
	if c != nil {
		httpserver.Annotate(ctx, slog.String("client_id", c.GetID()))
	}
}
