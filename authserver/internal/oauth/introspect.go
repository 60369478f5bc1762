package oauth

import (
	"context"
	"log/slog"
	"net/http"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// inactive is the whole answer to whatever is not a live credential.
var inactive = introspection.Answer{}

// introspect is POST /oauth/introspect. The caller authenticates as a resource
// server with its secret; a user's token authenticates nobody here.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	caller, err := s.authenticate(r.Context(), r, form)
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	if !caller.ResourceServer {
		s.fail(w, r, "introspect", accessDenied("Only a resource server may introspect.", http.StatusForbidden))
		return
	}
	httpserver.ExtractTrace(r)
	if form.Get("token") == "" {
		s.fail(w, r, "introspect", invalidRequest("The parameter token is missing."))
		return
	}
	answer, err := s.describe(r.Context(), form.Get("token"), form.Get("reason") == "true")
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	s.metrics.Introspected(answer.Active)
	writeJSON(w, http.StatusOK, answer)
}

// describe answers for text. Why something is not active is told only to a
// resource server that asks (an extension of ours), and only for deactivation.
func (s *Server) describe(ctx context.Context, text string, withReason bool) (introspection.Answer, error) {
	token, err := secret.ParseAny(text)
	if err != nil {
		httpserver.Annotate(ctx, slog.String("inactive", "malformed"))
		return inactive, nil
	}
	a, err := s.credentials.Introspect(ctx, token)
	if err != nil {
		return inactive, err
	}
	if !a.Active {
		httpserver.Annotate(ctx, slog.String("inactive", a.Why), slog.String("credential", token.String()))
		if !withReason {
			return inactive, nil
		}
	}
	return a, nil
}
