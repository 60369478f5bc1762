package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/clientdoc"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Requests keeps authorization requests by reference. Errors of Find and Take:
// fault.NotFound. Keep answers false when there are most of its kind already.
type Requests interface {
	KeepRequest(ctx context.Context, r authserver.AuthorizationRequest, single bool, most int) (bool, error)
	FindRequest(ctx context.Context, digest secret.Digest, clientID string, now time.Time) (*authserver.AuthorizationRequest, error)
	TakeRequest(ctx context.Context, digest secret.Digest, clientID string, now time.Time) (*authserver.AuthorizationRequest, error)
}

const (
	requestURN  = "urn:ietf:params:oauth:request_uri:"
	pushedMark  = "p-" // of a reference that a client was given: used once
	carriedMark = "c-" // of a request on its way through our pages

	pushedLife  = 90 * time.Second
	carriedLife = time.Hour // enough to sign up on the way
	mostPushed  = 20_000
	mostCarried = 5_000

	// carriedFrom is the length in bytes from which a request is not written into the
	// addresses of our own pages.
	carriedFrom = 2 << 10
)

// push is POST /oauth/par (RFC 9126): the request is checked as at the authorization
// endpoint, before a browser is sent anywhere.
func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err == nil {
		err = s.pushed(w, r, form)
	}
	if err != nil {
		s.fail(w, r, "par", err)
	}
}

func (s *Server) pushed(w http.ResponseWriter, r *http.Request, form url.Values) error {
	c, err := s.authenticateAsking(r, form)
	if err != nil {
		return err
	}
	if form.Get("request_uri") != "" {
		return invalidRequest("A pushed request names no request_uri.")
	}
	uri := form.Get("redirect_uri")
	if c.FirstParty || uri == "" || !c.AcceptsRedirect(uri) {
		logRedirect(r.Context(), uri)
		return invalidRequest("The redirect_uri is missing, or is not registered.")
	}
	form.Del("client_secret")
	form.Set("client_id", c.ID)
	a := newAuthorization(c, form)
	if err := s.check(r, a, form); err != nil {
		return err
	}
	parameters := form.Encode()
	if len(parameters) > maxQuery {
		return withStatus(invalidRequest("The request is too large."), http.StatusRequestEntityTooLarge)
	}
	if err := s.waits(r.Context(), account.PendingRequest{Kind: "waiting-pushed", ClientID: c.ID, Most: mostPushed, Life: pushedLife, Proven: proven(c)}); err != nil {
		return err
	}
	reference, now := requestURN+pushedMark+rand.Text()+rand.Text(), s.now()
	kept, err := s.requests.KeepRequest(r.Context(), authserver.AuthorizationRequest{
		Digest: secret.DigestOf(reference), ClientID: c.ID, Parameters: parameters, Pushed: true, CreatedAt: now, ExpiresAt: now.Add(pushedLife),
	}, true, mostPushed)
	if err == nil && !kept {
		err = fault.New(fault.Unavailable, "Too many requests are waiting").WithRetryAfter(pushedLife)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": reference, "expires_in": int(pushedLife / time.Second)})
	return nil
}

// waits counts one more request that will wait for a person.
func (s *Server) waits(ctx context.Context, w account.PendingRequest) error {
	if s.throttle == nil {
		return nil
	}
	return s.throttle.Waiting(ctx, w)
}

// proven reports whether all that a client sends comes from one address, which may
// therefore send much.
func proven(c *authserver.Client) bool { return c.Vouched() && !c.Public() }

// authenticateAsking is authenticate for endpoints that a client may call before any
// person has allowed it something: its document is asked where there is no row yet.
func (s *Server) authenticateAsking(r *http.Request, form url.Values) (*authserver.Client, error) {
	given, err := clientCredentials(r, form)
	if err != nil {
		logSent(r.Context(), given.id)
		return nil, err
	}
	if s.requesting.Documents == nil || !clientdoc.IsID(given.id) {
		return s.proven(r.Context(), given)
	}
	logSent(r.Context(), given.id)
	c, err := s.requesting.Documents.Find(r.Context(), given.id)
	if refused, ok := errors.AsType[*clientdoc.Refusal](err); ok {
		return nil, &Error{Code: "invalid_client", Status: http.StatusUnauthorized, Description: "The client's document cannot be used: " + refused.Why + ".", cause: err}
	}
	if err == nil {
		err = given.prove(c, s.now())
	}
	return c, err
}

// referred returns the parameters of the request that query names by reference. When
// ok is false it has answered.
func (s *Server) referred(w http.ResponseWriter, r *http.Request, query url.Values) (parameters url.Values, pushed, ok bool) {
	reference, clientID := query.Get("request_uri"), query.Get("client_id")
	find := s.requests.FindRequest
	single := strings.HasPrefix(reference, requestURN+pushedMark)
	if single {
		if r.Method != http.MethodGet { // HEAD is safe, and uses nothing up
			s.untrusted(w, r, http.StatusBadRequest, staleRequest)
			return nil, false, false
		}
		find = s.requests.TakeRequest
	}
	kept, err := find(r.Context(), secret.DigestOf(reference), clientID, s.now())
	if fault.Is(err, fault.NotFound) {
		s.untrusted(w, r, http.StatusBadRequest, staleRequest)
		return nil, false, false
	}
	if err == nil && single {
		err = s.waits(r.Context(), account.PendingRequest{Kind: "waiting-carried", ClientID: clientID, Most: mostCarried, Life: carriedLife})
		if err == nil {
			err = s.carryOn(w, r, clientID, kept.Parameters, kept.Pushed)
		}
		if err == nil {
			return nil, false, false
		}
	}
	if err == nil {
		parameters, err = url.ParseQuery(kept.Parameters)
	}
	if err != nil {
		s.cannotAnswer(w, r, err)
		return nil, false, false
	}
	return parameters, kept.Pushed, true
}

const staleRequest = "This request has expired or was used before. Start again from the application you came from."

// carryOn sends the browser on with a reference in the place of the request. The
// reference is computed from the request, so that the same request takes room once.
func (s *Server) carryOn(w http.ResponseWriter, r *http.Request, clientID, parameters string, pushed bool) error {
	how := "asked "
	if pushed {
		how = "pushed "
	}
	reference, now := requestURN+carriedMark+secret.DigestOf(how+parameters).String(), s.now()
	kept, err := s.requests.KeepRequest(r.Context(), authserver.AuthorizationRequest{
		Digest: secret.DigestOf(reference), ClientID: clientID, Parameters: parameters, Pushed: pushed, CreatedAt: now, ExpiresAt: now.Add(carriedLife),
	}, false, mostCarried)
	if err == nil && !kept {
		err = errFull
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/oauth/authorize?"+url.Values{"client_id": {clientID}, "request_uri": {reference}}.Encode(), http.StatusSeeOther)
	return nil
}

var errFull = fault.New(fault.Unavailable, "Too many requests are waiting").WithRetryAfter(time.Minute)

// shortened sends the browser on with a reference where the request is too long for
// the addresses of our pages. false: it goes on as it is, because it is short, or
// because there is no more room.
func (s *Server) shortened(w http.ResponseWriter, r *http.Request, a *authorization) bool {
	if r.Method != http.MethodGet || len(r.URL.RawQuery) <= carriedFrom || s.requests == nil {
		return false
	}
	wait := account.PendingRequest{Kind: "waiting-long", ClientID: a.client.ID, Most: mostCarried, Life: carriedLife}
	return s.waits(r.Context(), wait) == nil && s.carryOn(w, r, a.client.ID, r.URL.RawQuery, false) == nil
}
