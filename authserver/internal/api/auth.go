package api

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/preference"
)

// deviceBody is docs/contract.md, "Device object".
type deviceBody struct {
	DeviceID   string `json:"device_id"`
	DeviceName string `json:"device_name"`
	DeviceType string `json:"device_type"`
	OSVersion  string `json:"os_version"`
	AppVersion string `json:"app_version"`
}

func (d *deviceBody) device() authserver.Device {
	if d == nil {
		return authserver.Device{}
	}
	return authserver.Device{
		DeviceID: d.DeviceID, Name: d.DeviceName, Kind: d.DeviceType, OSVersion: d.OSVersion, AppVersion: d.AppVersion,
	}
}

// userBody is docs/contract.md, "User object".
type userBody struct {
	ID        string  `json:"id"`
	Email     string  `json:"email"`
	FirstName *string `json:"first_name"`
	LastName  *string `json:"last_name"`
	UILayout  string  `json:"ui_layout"`
	AIEnabled bool    `json:"ai_enabled"`
}

func (s *Server) user(u *authserver.User) *userBody {
	return &userBody{
		ID: u.ID, Email: u.Email, FirstName: orNull(u.FirstName), LastName: orNull(u.LastName),
		UILayout: u.UILayout, AIEnabled: u.AIEnabled && s.People.AIAvailable(),
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// tokenBody is docs/contract.md, "Token response".
type tokenBody struct {
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token"`
	TokenType    string    `json:"token_type"`
	ExpiresIn    int64     `json:"expires_in"`
	CreatedAt    int64     `json:"created_at"`
	User         *userBody `json:"user,omitempty"`
}

func (s *Server) tokens(t *authserver.Tokens, u *userBody) tokenBody {
	return tokenBody{
		AccessToken: t.AccessToken.Reveal(), RefreshToken: t.RefreshToken.Reveal(), TokenType: "Bearer",
		ExpiresIn: t.ExpiresIn(s.Now()), CreatedAt: t.IssuedAt.Unix(), User: u,
	}
}

func visitor(r *http.Request) account.Visitor {
	v := account.Visitor{UserAgent: r.UserAgent(), Language: preference.Language(r.Header.Get("Accept-Language"), anyLanguage)}
	if addr := httpserver.ClientAddr(r.Context()); addr.IsValid() {
		v.Address = addr.String()
	}
	return v
}

// anyLanguage: an app may speak more languages than we do.
func anyLanguage(string) bool { return true }

// signup is POST /api/v1/auth/signup, docs/contract.md, "Sign up".
func (s *Server) signup(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		User *struct {
			Email     string  `json:"email"`
			Password  string  `json:"password"`
			FirstName *string `json:"first_name"`
			LastName  *string `json:"last_name"`
		} `json:"user"`
		Device     *deviceBody `json:"device"`
		InviteCode *string     `json:"invite_code"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	if body.User == nil {
		return fault.New(fault.Malformed, "Required parameters are missing or invalid")
	}
	u, tokens, err := s.People.SignUpOnDevice(r.Context(), account.Signup{
		Email: body.User.Email, Password: body.User.Password,
		FirstName: orBlank(body.User.FirstName), LastName: orBlank(body.User.LastName), InviteCode: orBlank(body.InviteCode),
	}, body.Device.device(), visitor(r))
	if err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusCreated, s.tokens(tokens, s.user(u)))
	return nil
}

func orBlank(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// login is POST /api/v1/auth/login, docs/contract.md, "Sign in".
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Email    string      `json:"email"`
		Password string      `json:"password"`
		OTPCode  *string     `json:"otp_code"`
		Device   *deviceBody `json:"device"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	u, tokens, err := s.People.SignInOnDevice(r.Context(), body.Email, body.Password, orBlank(body.OTPCode),
		body.Device.device(), visitor(r))
	if err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusOK, s.tokens(tokens, s.user(u)))
	return nil
}

// refresh is POST /api/v1/auth/refresh, docs/contract.md, "Refresh".
func (s *Server) refresh(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		RefreshToken *string     `json:"refresh_token"`
		Device       *deviceBody `json:"device"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	if orBlank(body.RefreshToken) == "" {
		return fault.New(fault.Malformed, "Refresh token is required")
	}
	tokens, err := s.People.RefreshOnDevice(r.Context(), *body.RefreshToken, body.Device.device().DeviceID, visitor(r))
	if err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusOK, s.tokens(tokens, nil))
	return nil
}

// logout is DELETE /api/v1/auth/logout: the presented grant ends.
func (s *Server) logout(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	if err := s.People.EndGrant(r.Context(), p.UserID, p.CredentialID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// enableAI is PATCH /api/v1/auth/enable_ai, docs/contract.md, "AI features".
func (s *Server) enableAI(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	u, err := s.People.EnableAI(r.Context(), p.UserID)
	if err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusOK, map[string]any{"user": s.user(u)})
	return nil
}

// deleteUser is DELETE /api/v1/users/me, docs/contract.md, "Reset and deletion".
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	if _, err := s.People.Close(r.Context(), p.UserID); err != nil {
		return err
	}
	apierror.JSON(w, r, http.StatusOK, map[string]any{"message": "Account has been deleted"})
	return nil
}
