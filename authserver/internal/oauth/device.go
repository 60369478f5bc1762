package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/deviceflow"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/scope"
)

// Devices is the flow of devices without a browser. deviceflow.Service answers it.
type Devices interface {
	Begin(ctx context.Context, clientID string, scopes scope.Set, resource, address string) (deviceflow.Codes, error)
	Poll(ctx context.Context, clientID, code, resource string) (*authserver.Tokens, error)
}

var errNoDeviceGrant = &Error{Code: "unauthorized_client", Description: "This client may not use the device authorization grant.", Status: http.StatusBadRequest}

// deviceAuthorization is POST /oauth/device_authorization (RFC 8628 section 3.1).
func (s *Server) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err == nil {
		err = s.beginDevice(w, r, form)
	}
	if err != nil {
		s.fail(w, r, "device_authorization", err)
	}
}

func (s *Server) beginDevice(w http.ResponseWriter, r *http.Request, form url.Values) error {
	c, err := s.authenticateAsking(r, form)
	if err != nil {
		return err
	}
	if !c.DeviceGrant {
		return errNoDeviceGrant
	}
	asked, err := scope.Parse(form.Get("scope"))
	if err != nil {
		return invalidScope("The scopes are read and read_write.")
	}
	if asked == 0 {
		asked = defaultScope(c.Scopes)
	}
	if !c.Scopes.Satisfies(asked) {
		return invalidScope("This client may not ask for that scope.")
	}
	target, err := s.resource(form)
	if err != nil {
		return err
	}
	if err := s.waits(r.Context(), account.PendingRequest{Kind: "waiting-device", ClientID: c.ID, Most: deviceflow.Most, Life: deviceflow.Life, Proven: proven(c)}); err != nil {
		return err
	}
	codes, err := s.devices.Begin(r.Context(), c.ID, asked, target, httpserver.ClientAddr(r.Context()).String())
	if err != nil {
		return err
	}
	at := s.issuer + "/device"
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": codes.Device.Reveal(), "user_code": codes.User, "verification_uri": at,
		"verification_uri_complete": at + "?" + url.Values{"user_code": {codes.User}}.Encode(),
		"expires_in":                int(deviceflow.Life.Seconds()), "interval": deviceflow.Interval,
	})
	return nil
}

// deviceToken is the device access token request (RFC 8628 section 3.4).
func (s *Server) deviceToken(ctx context.Context, clientID string, form url.Values) (*authserver.Tokens, error) {
	if form.Get("device_code") == "" {
		return nil, invalidRequest("The parameter device_code is missing.")
	}
	target, err := s.resource(form)
	if err != nil {
		return nil, err
	}
	tokens, err := s.devices.Poll(ctx, clientID, strings.TrimSpace(form.Get("device_code")), target)
	for known, code := range map[error]string{
		deviceflow.ErrPending: "authorization_pending", deviceflow.ErrSlowDown: "slow_down",
		deviceflow.ErrDenied: "access_denied", deviceflow.ErrExpired: "expired_token",
	} {
		if errors.Is(err, known) {
			return nil, &Error{Code: code, Description: deviceSays[code], Status: http.StatusBadRequest, cause: err}
		}
	}
	return tokens, fromGrant(err)
}

var deviceSays = map[string]string{
	"authorization_pending": "The person has not decided yet.",
	"slow_down":             "Ask less often: wait five seconds longer between two requests from now on.",
	"access_denied":         "The person refused.",
	"expired_token":         "The device code has expired. Begin again.",
}
