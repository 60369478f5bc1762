package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"latchkey/authserver"
	"latchkey/authserver/internal/clientdoc"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

const (
	unknownClient = "The application that sent you here is not known to this server."
	damagedLink   = "The link that brought you here is damaged."
)

// RequestingClients are the clients that ask for something on a person's behalf, which may be
// ones that nobody has registered.
type RequestingClients struct {
	Clients      *ClientCache
	Documents    Documents    // nil: clients that are known by a document alone are unknown
	Registration Registration // nil: no client introduces itself
}

// Find returns the client with id. Errors: fault.NotFound; *clientdoc.Refusal;
// fault.Unavailable; fault.RateLimited.
func (a RequestingClients) Find(ctx context.Context, id string) (*authserver.Client, error) {
	if a.Documents != nil && clientdoc.IsID(id) {
		described, err := a.Documents.Find(ctx, id)
		if err != nil {
			return nil, err
		}
		return a.Clients.withDecisions(ctx, described)
	}
	c, err := a.Clients.Find(ctx, id)
	if err == nil && c.FirstParty {
		return nil, fault.New(fault.NotFound, "Client not found")
	}
	return c, err
}

// NoteConsent keeps a client that introduced itself, once a person allows it something.
func (a RequestingClients) NoteConsent(ctx context.Context, c *authserver.Client) error {
	if c.Introduced == "" || a.Registration == nil {
		return nil
	}
	if err := a.Registration.NoteConsent(ctx, c); err != nil {
		return err
	}
	if c.Introduced != authserver.IntroducedByDocument {
		return nil
	}
	if a.Documents != nil {
		a.Documents.Keep(c.ID)
	}
	_, err := a.Clients.reload(ctx, c.ID)
	return err
}

// findClient answers with a page when the client is unknown or cannot be asked
// for.
func (s *Server) findClient(w http.ResponseWriter, r *http.Request, query url.Values) (*authserver.Client, bool) {
	id := query.Get("client_id")
	c, err := s.requesting.Find(r.Context(), id)
	if err == nil {
		logClient(r.Context(), c.ID)
		askedOf(r.Context()).client = c.ID
	} else {
		logSent(r.Context(), id)
	}
	refused, isRefused := errors.AsType[*clientdoc.Refusal](err)
	switch {
	case err == nil && len(c.RedirectURIs) > 0:
		return c, true
	case isRefused:
		s.untrusted(w, r, http.StatusBadRequest, "The document in which the application describes itself cannot be used: "+refused.Why+".")
	case err == nil || fault.Is(err, fault.NotFound):
		s.noteUntrusted(r, "page", invalidRequest(unknownClient))
		s.pages.Untrusted(w, r, untrusted(query, false, nil))
	default:
		s.cannotAnswer(w, r, err)
	}
	return nil, false
}

// cannotAnswer is the page for a request that nobody could judge.
func (s *Server) cannotAnswer(w http.ResponseWriter, r *http.Request, err error) {
	httpserver.Cause(r.Context(), err)
	answer := wireError(err)
	if answer.retryAfter > 0 {
		w.Header().Set("Retry-After", apierror.RetryAfter(answer.retryAfter))
	}
	s.pages.Error(w, r, answer.status, "Something went wrong", "This server cannot answer now. Try again in a moment.")
}
