package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/keyuse"
)

func (s *Server) mountKeys(router *mux.Router) {
	if s.Keys == nil {
		return
	}
	read := func(h guard.Handler) httpserver.Handler { return coded(s.Guard.Admit(keyReader, h)) }
	write := func(h guard.Handler) httpserver.Handler { return coded(s.Guard.Admit(keyWriter, s.confirmed(h))) }
	router.Handle("/api/v1/api_keys", endpoint(methods{http.MethodGet: read(s.listKeys), http.MethodPost: write(s.createKey)}))
	router.Handle("/api/v1/api_keys/{id}", endpoint(methods{http.MethodGet: read(s.showKey), http.MethodDelete: write(s.revokeKey)}))
	router.Handle("/api/v1/api_keys/{id}/rotate", endpoint(methods{http.MethodPost: write(s.rotateKey)}))
	router.Handle(keyuse.Path, internal(methods{http.MethodPost: coded(s.reportUses)}))
}

// confirmed lets a grant through whose person has signed in not long ago.
func (s *Server) confirmed(h guard.Handler) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
		if err := s.People.ConfirmedGrant(r.Context(), p.CredentialID); err != nil {
			return err
		}
		err := h(w, r.WithContext(authserver.Admitted(r.Context(), authserver.Admission{GrantID: p.CredentialID})), p)
		if errors.Is(err, authserver.ErrNotAdmitted) {
			return fault.Wrap(fault.Unauthenticated, err, "Access token is invalid or expired")
		}
		return err
	}
}

// coded answers errors in the shape of docs/contract.md, "Errors".
func coded(h httpserver.Handler) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := h(w, r); err != nil {
			return refusal{httpserver.Classify(r.Context(), err)}
		}
		return nil
	}
}

// keyBody is an API key as its owner sees it.
type keyBody struct {
	ID               string     `json:"id"`
	Name             string     `json:"name"`
	Scopes           []string   `json:"scopes"`
	Source           string     `json:"source"`
	Tier             string     `json:"tier"`
	KeyHint          string     `json:"key_hint"` // prefix and last four characters
	AllowedCIDRs     []string   `json:"allowed_cidrs"`
	CreatedAt        time.Time  `json:"created_at"`
	ExpiresAt        *time.Time `json:"expires_at"`
	RotatedAt        *time.Time `json:"rotated_at"`
	ActiveUntil      *time.Time `json:"active_until"` // expiry or end of the overlap, whichever comes first
	LastUsedAt       *time.Time `json:"last_used_at"`
	LastUsedFrom     *string    `json:"last_used_from"`
	MadeBy           *string    `json:"made_by"`
	MadeWith         *string    `json:"made_with"`
	RequestsThisHour int64      `json:"requests_this_hour"`
	RateLimit        limitBody  `json:"rate_limit"`
}

// limitBody follows docs/contract.md, "Usage"; what is not known here is null.
type limitBody struct {
	Tier           string `json:"tier"`
	Limit          *int64 `json:"limit"` // null: unlimited
	WindowSeconds  int64  `json:"window_seconds"`
	CurrentCount   *int64 `json:"current_count"`
	Remaining      *int64 `json:"remaining"`
	ResetInSeconds *int64 `json:"reset_in_seconds"`
}

// madeKeyBody hands out the key itself: once.
type madeKeyBody struct {
	keyBody
	Key         string       `json:"key"`
	PreviousKey *retiredBody `json:"previous_key,omitempty"`
}

// retiredBody tells whether a rotated key still has to be replaced somewhere.
type retiredBody struct {
	ID           string     `json:"id"`
	KeyHint      string     `json:"key_hint"`
	ActiveUntil  *time.Time `json:"active_until"` // null: it has ended
	InUse        bool       `json:"in_use"`       // used within the last day
	LastUsedAt   *time.Time `json:"last_used_at"`
	LastUsedFrom *string    `json:"last_used_from"`
}

func newKeyBody(v *apikey.View) keyBody {
	b := keyBody{
		ID: v.ID, Name: v.Name, Scopes: v.Scopes.Names(), Source: v.Source, Tier: v.Tier, KeyHint: v.Stub,
		AllowedCIDRs: v.AllowedCIDRs, CreatedAt: v.CreatedAt.UTC(), ExpiresAt: inUTC(v.ExpiresAt),
		RotatedAt: inUTC(v.SupersededAt), ActiveUntil: inUTC(v.EndsAt()),
		LastUsedAt: inUTC(v.LastUsedAt), LastUsedFrom: orNull(v.LastUsedFrom), MadeBy: orNull(v.MadeBy), MadeWith: orNull(v.MadeWith), RequestsThisHour: v.RequestsThisHour,
		RateLimit: limitBody{Tier: v.Tier, WindowSeconds: int64(v.Limit.Window / time.Second)},
	}
	if b.AllowedCIDRs == nil {
		b.AllowedCIDRs = []string{}
	}
	if !v.Limit.Unlimited() {
		b.RateLimit.Limit = &v.Limit.Max
	}
	if st := v.LimitState; st != nil && !v.Limit.Unlimited() {
		reset := st.ResetSeconds()
		b.RateLimit.CurrentCount, b.RateLimit.Remaining, b.RateLimit.ResetInSeconds = &st.Used, &st.Remaining, &reset
	}
	return b
}

func inUTC(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	utc := at.UTC()
	return &utc
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	keys, err := s.Keys.List(r.Context(), p.UserID)
	if err != nil {
		return err
	}
	list := make([]keyBody, len(keys))
	for i, k := range keys {
		list[i] = newKeyBody(k)
	}
	apierror.JSON(w, r, http.StatusOK, map[string]any{"api_keys": list})
	return nil
}

func (s *Server) showKey(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	k, err := s.Keys.Get(r.Context(), p.UserID, mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusOK, newKeyBody(k))
	return nil
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	var body struct {
		APIKey *struct {
			Name         *string   `json:"name"`
			Scopes       oneOrMany `json:"scopes"`
			Source       *string   `json:"source"`
			ExpiresAt    *string   `json:"expires_at"`
			AllowedCIDRs oneOrMany `json:"allowed_cidrs"`
		} `json:"api_key"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	if body.APIKey == nil {
		return fault.New(fault.Malformed, "Required parameters are missing or invalid")
	}
	asked := authserver.KeyRequest{
		Name: orBlank(body.APIKey.Name), Scopes: body.APIKey.Scopes, Source: orBlank(body.APIKey.Source),
		AllowedCIDRs: body.APIKey.AllowedCIDRs, With: p.ClientID,
	}
	end, err := authserver.ParseKeyExpiry(orBlank(body.APIKey.ExpiresAt))
	if err != nil {
		return err
	}
	asked.ExpiresAt = end
	k, made, err := s.Keys.Create(r.Context(), p.UserID, asked)
	if err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusCreated, madeKeyBody{keyBody: newKeyBody(k), Key: made.Reveal()})
	return nil
}

func (s *Server) rotateKey(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	overlap, err := readOverlap(r)
	if err != nil {
		return err
	}
	done, err := s.Keys.Rotate(r.Context(), p.UserID, mux.Vars(r)["id"], overlap, p.ClientID)
	if err != nil {
		return err
	}
	old := &retiredBody{
		ID: done.Old.ID, KeyHint: done.Old.Stub, InUse: done.InUse(s.Now()),
		LastUsedAt: inUTC(done.Old.LastUsedAt), LastUsedFrom: orNull(done.Old.LastUsedFrom),
	}
	if done.Old.Live(s.Now()) {
		old.ActiveUntil = inUTC(done.Old.EndsAt())
	}
	apierror.JSON(w, r, http.StatusCreated, madeKeyBody{keyBody: newKeyBody(done.New), Key: done.Secret.Reveal(), PreviousKey: old})
	return nil
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	if err := s.Keys.Revoke(r.Context(), p.UserID, mux.Vars(r)["id"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// oneOrMany reads a list of strings, or a single one (docs/contract.md, "API
// key record": forms send one scope as a string).
type oneOrMany []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany) UnmarshalJSON(raw []byte) error {
	if strings.HasPrefix(string(raw), `"`) {
		*o = []string{""}
		return json.Unmarshal(raw, &(*o)[0])
	}
	return json.Unmarshal(raw, (*[]string)(o))
}
