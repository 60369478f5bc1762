package oauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
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
	c, err := s.lookup(ctx, text)
	if fault.Is(err, fault.NotFound) {
		return inactive, nil
	}
	if err != nil {
		return inactive, err
	}
	if !c.Active(s.Now()) {
		if c.Deactivated && withReason {
			return introspection.Answer{Reason: introspection.ReasonDeactivated}, nil
		}
		return inactive, nil
	}
	if s.Uses != nil && c.Kind == introspection.KindAccessToken {
		s.Uses.Note(c.ID)
	}
	return s.answer(c), nil
}

func (s *Server) answer(c *authserver.Credential) introspection.Answer {
	a := introspection.Answer{
		Active: true, Scope: c.Scopes.String(), ClientID: c.ClientID, TokenType: "Bearer",
		Iat: c.IssuedAt.Unix(), Sub: c.UserID, Aud: c.Resource, Iss: s.Settings.Issuer,
		FamilyID: c.FamilyID, UserID: c.UserID, Role: c.Role,
		CredentialID: c.ID, CredentialKind: c.Kind, CredentialName: c.Name,
		Source: c.Source, Tier: c.Tier, AllowedCIDRs: c.AllowedCIDRs,
	}
	if c.ExpiresAt != nil {
		a.Exp = c.ExpiresAt.Unix()
	}
	return a
}

func logClient(ctx context.Context, c fosite.Client) {
	if c != nil {
		httpserver.Annotate(ctx, slog.String("client_id", c.GetID()))
	}
}
