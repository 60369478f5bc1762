package api

import (
	"net/http"
	"time"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
)

// person is what the userinfo endpoint says: who the credential acts for. There
// are no signed statements here (no id_token), so it promises nothing of OpenID
// Connect beyond these members.
type person struct {
	Sub           string `json:"sub"`
	Name          string `json:"name"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	FamilyID      string `json:"family_id"`
}

// userinfo is GET and POST /oauth/userinfo, with the credential in its header.
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	u, err := s.People.User(r.Context(), p.UserID)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Unauthenticated, err, "Access token is invalid - missing resource owner")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	apierror.JSON(w, r, http.StatusOK, person{Sub: u.ID, Name: u.DisplayName(), Email: u.Email, EmailVerified: u.EmailConfirmed(), FamilyID: p.FamilyID})
	return nil
}

// tokenInfo is what scripts of before ask about their own token
// (docs/contract.md, "Token info").
type tokenInfo struct {
	ResourceOwnerID string      `json:"resource_owner_id"`
	Scope           []string    `json:"scope"`
	ExpiresIn       *int64      `json:"expires_in"` // seconds; null: it does not end
	Application     application `json:"application"`
	CreatedAt       int64       `json:"created_at"`
}

type application struct {
	UID string `json:"uid"`
}

// tokenInfo is GET /oauth/token/info.
func (s *Server) tokenInfo(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	info := tokenInfo{
		ResourceOwnerID: p.UserID, Scope: p.Granted.Names(), Application: application{UID: p.ClientID}, CreatedAt: p.IssuedAt.Unix(),
	}
	if !p.ExpiresAt.IsZero() {
		left := max(0, int64(p.ExpiresAt.Sub(s.Now())/time.Second))
		info.ExpiresIn = &left
	}
	w.Header().Set("Cache-Control", "no-store")
	apierror.JSON(w, r, http.StatusOK, info)
	return nil
}
