package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
)

// provider composes fosite by hand. Every field that fosite would otherwise
// fill in lazily, and without a lock, is set here.
func (s *Server) provider() *fosite.Fosite {
	config := &fosite.Config{
		AccessTokenLifespan:            s.Settings.AccessLifetime,
		RefreshTokenLifespan:           s.Settings.RefreshLifetime,
		AuthorizeCodeLifespan:          s.Settings.CodeLifetime,
		EnforcePKCE:                    true,
		EnablePKCEPlainChallengeMethod: false,
		RefreshTokenScopes:             []string{},
		MinParameterEntropy:            1,
		ScopeStrategy:                  scopeStrategy,
		AudienceMatchingStrategy:       fosite.ExactAudienceMatchingStrategy,
		ClientSecretsHasher:            digestHasher{},
		ClientAuthenticationStrategy:   s.authenticate,
		JWKSFetcherStrategy:            noJWKS{},
		AuthorizeEndpointHandlers:      fosite.AuthorizeEndpointHandlers{&authorizeHandler{s}},
		TokenEndpointHandlers:          fosite.TokenEndpointHandlers{&codeHandler{s}, &refreshHandler{s}},
		DisableRefreshTokenValidation:  true,
	}
	return fosite.NewOAuth2Provider(clientStorage{s.clients}, config)
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

// digestHasher compares client secrets by SHA-256 in constant time. It is right
// because we make the secrets (256 random bits); nobody chooses one.
type digestHasher struct{}

var errMismatch = errors.New("oauth: secret does not match")

func (digestHasher) Hash(_ context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	return sum[:], nil
}

func (digestHasher) Compare(_ context.Context, hash, data []byte) error {
	sum := sha256.Sum256(data)
	if len(hash) != len(sum) || subtle.ConstantTimeCompare(hash, sum[:]) != 1 {
		return errMismatch
	}
	return nil
}

// clientStorage is all of fosite's storage that our handlers leave over.
type clientStorage struct{ clients *clientCache }

// GetClient returns the client as fosite sees it.
func (c clientStorage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	found, err := c.clients.find(ctx, id)
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

// noJWKS fetches nothing: no client has remote keys.
type noJWKS struct{}

func (noJWKS) Resolve(context.Context, string, bool) (*jose.JSONWebKeySet, error) {
	return nil, fosite.ErrInvalidClient
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
	return fosite.Arguments{"authorization_code", "refresh_token"}
}

// GetResponseModes lets a client name the one response mode there is.
func (c client) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeDefault, fosite.ResponseModeQuery}
}

var (
	_ fosite.Storage            = clientStorage{}
	_ fosite.Hasher             = digestHasher{}
	_ fosite.ResponseModeClient = client{}
)
