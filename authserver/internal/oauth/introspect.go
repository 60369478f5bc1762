package oauth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
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
	caller, err := s.authenticate(r.Context(), r, form)
	if err != nil {
		s.fail(w, r, "introspect", err)
		return
	}
	if !caller.ResourceServer {
		s.fail(w, r, "introspect", accessDenied("Only a resource server may introspect.", http.StatusForbidden))
		return
	}
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
	c, err := s.lookup(ctx, text)
	if fault.Is(err, fault.NotFound) {
		return inactive, nil
	}
	if err != nil {
		return inactive, err
	}
	if !c.Active(s.now()) {
		if c.Deactivated && withReason {
			return introspection.Answer{Reason: introspection.ReasonDeactivated}, nil
		}
		return inactive, nil
	}
	return s.answer(c), nil
}

func (s *Server) answer(c *authserver.Credential) introspection.Answer {
	a := introspection.Answer{
		Active: true, Scope: c.Scopes.String(), ClientID: c.ClientID, TokenType: "Bearer",
		Iat: c.IssuedAt.Unix(), Sub: c.UserID, Aud: c.Resource, Iss: s.issuer,
		FamilyID: c.FamilyID, UserID: c.UserID, Role: c.Role,
		CredentialID: c.ID, CredentialKind: c.Kind, CredentialName: c.Name,
		Source: c.Source, Tier: c.Tier, AllowedCIDRs: c.AllowedCIDRs,
	}
	if c.ExpiresAt != nil {
		a.Exp = c.ExpiresAt.Unix()
	}
	return a
}

func logClient(ctx context.Context, id string) {
	httpserver.Annotate(ctx, slog.String("client_id", id))
}

// Authenticate returns the live credential that text is: an access token or an
// API key. fault.Unauthenticated: it is none.
func (s *Server) Authenticate(ctx context.Context, text string) (*authserver.Credential, error) {
	c, err := s.lookup(ctx, text)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, introspection.Refused(strings.HasPrefix(text, string(secret.AccessToken)))
	case err != nil:
		return nil, err
	case c.Deactivated:
		return nil, fault.New(fault.Unauthenticated, "Account has been deactivated")
	case !c.Active(s.now()):
		return nil, introspection.Refused(c.Kind == introspection.KindAccessToken)
	}
	return c, nil
}

// lookup finds the credential that text is. Whatever is no well-formed access
// token or API key is fault.NotFound without a statement.
func (s *Server) lookup(ctx context.Context, text string) (*authserver.Credential, error) {
	if token, err := secret.Parse(secret.AccessToken, text); err == nil {
		return s.grants.Lookup(ctx, token)
	}
	if key, err := secret.Parse(secret.APIKey, text); err == nil && s.keys != nil {
		return s.keys.LookupAPIKey(ctx, key.Digest())
	}
	return nil, fault.New(fault.NotFound, "No such credential")
}
