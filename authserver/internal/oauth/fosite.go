package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
)

// This file is all that touches fosite. It parses requests, checks them by the
// protocol's rules and dispatches grants; the rules of grants are package grant's.

// provider is fosite with our handlers.
type provider = fosite.Fosite

// newProvider composes fosite by hand, with the settings that its parts which are
// reached here read.
func newProvider(s *Server) *provider {
	return fosite.NewOAuth2Provider(clientStorage{s.clients}, &fosite.Config{
		MinParameterEntropy:          1, // of the state, which is only ever our own
		ScopeStrategy:                scopeStrategy,
		AudienceMatchingStrategy:     fosite.ExactAudienceMatchingStrategy,
		ClientAuthenticationStrategy: s.authenticateForFosite,
		AuthorizeEndpointHandlers:    fosite.AuthorizeEndpointHandlers{authorizeHandler{s}},
		TokenEndpointHandlers:        fosite.TokenEndpointHandlers{tokenHandler{"authorization_code", s.redeem}, tokenHandler{"refresh_token", s.refresh}, tokenHandler{registration.GrantDevice, s.deviceToken}},
	})
}

// fromFosite says what fosite found wrong in our words; other errors stay as they
// are.
func fromFosite(err error) error {
	known, ok := errors.AsType[*fosite.RFC6749Error](err)
	if !ok || known.CodeField >= http.StatusInternalServerError {
		return err
	}
	if _, ours := errors.AsType[*Error](err); ours {
		return err
	}
	description := known.DescriptionField
	if known.HintField != "" {
		description = known.HintField
	}
	return &Error{Code: known.ErrorField, Description: description, Status: known.CodeField, cause: err}
}

// scopeStrategy: read_write includes read.
func scopeStrategy(allowed []string, needed string) bool {
	var have scope.Set
	for _, name := range allowed {
		one, err := scope.Parse(name)
		if err != nil {
			return false
		}
		have |= one
	}
	need, err := scope.Parse(needed)
	return err == nil && need != 0 && have.Satisfies(need)
}

// protocolRequest is an authorization request that fosite has accepted.
type protocolRequest = fosite.AuthorizeRequester

// checkWithFosite lets fosite validate what is left, on a request of our own. That
// has only the parameters that mean something here, not others that mean
// something to fosite (audience, registration, ...). It also has the defaults that
// fosite does not know: the scope read, and a state, which is not sent on.
func (s *Server) checkWithFosite(r *http.Request, a *authorization, asked string) error {
	asks := url.Values{
		"client_id": {a.client.ID}, "redirect_uri": {a.redirectURI}, "response_type": {"code"},
		"scope": {asked}, "state": {"none"},
	}
	if strings.TrimSpace(asked) == "" {
		asks.Set("scope", defaultScope(a.client.Scopes).String())
	}
	asker := askingClient{client{a.client}, a.redirectURI}
	request, err := s.fosite.NewAuthorizeRequest(context.WithValue(r.Context(), askingKey{}, asker),
		&http.Request{Method: http.MethodGet, URL: &url.URL{Path: r.URL.Path, RawQuery: asks.Encode()}, Header: http.Header{}})
	if err != nil {
		return fromFosite(err)
	}
	a.request = request
	if a.scopes, err = scope.Parse(asks.Get("scope")); err != nil {
		return invalidScope("The scopes are read and read_write.")
	}
	return nil
}

// askingClient is the client of an authorization request, whose redirect URI has been
// compared: fosite compares it as it is sent.
type askingClient struct {
	client
	redirectURI string
}

func (c askingClient) GetRedirectURIs() []string { return []string{c.redirectURI} }

type askingKey struct{}

// approval carries what the user said yes to to our handler, and the code back; it
// is our use of what fosite calls a session.
type approval struct {
	fosite.DefaultSession
	grant.Approval
}

// SetExpiresAt is not used: the code carries its own expiry.
func (*approval) SetExpiresAt(fosite.TokenType, time.Time) {}

// approve makes the grant and returns the parameters of the answer. Errors: as
// grant.Service.Approve.
func (s *Server) approve(ctx context.Context, request protocolRequest, a grant.Approval) (url.Values, error) {
	response, err := s.fosite.NewAuthorizeResponse(ctx, request, &approval{Approval: a})
	if err != nil {
		return nil, fromFosite(err)
	}
	return response.GetParameters(), nil
}

type authorizeHandler struct{ s *Server }

var errNoCode = errors.New("oauth: no code was made")

// HandleAuthorizeEndpointRequest implements fosite.AuthorizeEndpointHandler.
func (h authorizeHandler) HandleAuthorizeEndpointRequest(ctx context.Context, r fosite.AuthorizeRequester, resp fosite.AuthorizeResponder) error {
	session, ok := r.GetSession().(*approval)
	if !ok || !r.GetResponseTypes().ExactOne("code") {
		return errNoCode
	}
	code, err := h.s.grants.Approve(ctx, session.Approval)
	if err != nil {
		return err
	}
	resp.AddParameter("code", code.Reveal())
	r.SetResponseTypeHandled("code")
	return nil
}

// issued carries the tokens of a handler to fosite's writer.
type issued struct {
	fosite.DefaultSession
	tokens *authserver.Tokens
}

// tokenHandler gives tokens for one grant type.
type tokenHandler struct {
	grantType string
	issue     func(ctx context.Context, clientID string, form url.Values) (*authserver.Tokens, error)
}

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h tokenHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(h.grantType)
}

// CanSkipClientAuth implements fosite.TokenEndpointHandler: never.
func (tokenHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler. Client and
// form are known to be good.
func (h tokenHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	tokens, err := h.issue(ctx, r.GetClient().GetID(), r.GetRequestForm())
	if err != nil {
		return err
	}
	r.SetSession(&issued{tokens: tokens})
	return nil
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler.
func (h tokenHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, resp fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	session, ok := r.GetSession().(*issued)
	if !ok {
		return fosite.ErrServerError
	}
	t := session.tokens
	resp.SetAccessToken(t.AccessToken.Reveal())
	resp.SetTokenType("Bearer")
	resp.SetExtra("refresh_token", t.RefreshToken.Reveal())
	resp.SetExtra("scope", t.Scopes.String())
	resp.SetExtra("created_at", t.IssuedAt.Unix())
	return nil
}

// respond lets fosite authenticate the client, run the grant and write the answer.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	request, err := s.fosite.NewAccessRequest(ctx, r, &issued{})
	if err != nil {
		return fromFosite(err)
	}
	response, err := s.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		return fromFosite(err)
	}
	if session, ok := request.GetSession().(*issued); ok {
		s.setLives(response, session.tokens)
	}
	s.fosite.WriteAccessResponse(ctx, w, request, response)
	return nil
}

// setLives says when what is issued ends (draft-ietf-oauth-refresh-token-expiration).
func (s *Server) setLives(response fosite.AccessResponder, t *authserver.Tokens) {
	now := s.now()
	response.SetExpiresIn(time.Duration(t.ExpiresIn(now)) * time.Second)
	response.SetExtra("refresh_token_expires_in", t.RefreshExpiresIn(now))
	if left, ends := t.GrantExpiresIn(now); ends {
		response.SetExtra("authorization_expires_in", left)
	}
}

// authenticateForFosite is fosite's client authentication.
func (s *Server) authenticateForFosite(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	authenticate := func() (*authserver.Client, error) { return s.authenticate(ctx, r, form) }
	if form.Get("grant_type") == registration.GrantDevice { // nobody may have allowed it anything yet
		authenticate = func() (*authserver.Client, error) { return s.authenticateAsking(r, form) }
	}
	c, err := authenticate()
	if err != nil {
		return nil, err
	}
	return client{c}, nil
}

// clientStorage is all of fosite's storage that is reached here.
type clientStorage struct{ clients *ClientCache }

// GetClient returns the client as fosite sees it.
func (c clientStorage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if asker, ok := ctx.Value(askingKey{}).(askingClient); ok && asker.ID == id {
		return asker, nil
	}
	found, err := c.clients.Find(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return client{found}, nil
}

// ClientAssertionJWTValid refuses: there is no private_key_jwt here.
func (clientStorage) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrJTIKnown
}

// SetClientAssertionJWT refuses: there is no private_key_jwt here.
func (clientStorage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// client is a Client seen as a fosite client.
type client struct{ *authserver.Client }

func (c client) GetID() string                      { return c.ID }
func (c client) GetHashedSecret() []byte            { return c.SecretDigest[:] }
func (c client) GetRedirectURIs() []string          { return c.RedirectURIs }
func (c client) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }
func (c client) GetScopes() fosite.Arguments        { return c.Scopes.Names() }
func (c client) IsPublic() bool                     { return c.Public() }
func (c client) GetAudience() fosite.Arguments      { return nil }

func (c client) GetGrantTypes() fosite.Arguments {
	return fosite.Arguments{"authorization_code", "refresh_token", registration.GrantDevice}
}

var _ fosite.Storage = clientStorage{}
