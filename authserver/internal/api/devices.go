package api

import (
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/guard"
)

// deviceView is a device as its owner sees it.
type deviceView struct {
	ID         string    `json:"id"`
	DeviceID   string    `json:"device_id"`
	DeviceName string    `json:"device_name"`
	DeviceType string    `json:"device_type"`
	OSVersion  string    `json:"os_version"`
	AppVersion string    `json:"app_version"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	Current    bool      `json:"current"`
}

// listDevices is GET /api/v1/devices: where the person is signed in through the
// JSON API; the caller's own device is marked.
func (s *Server) listDevices(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	current, err := s.People.DeviceOfGrant(r.Context(), p.CredentialID)
	if err != nil {
		return err
	}
	devices, err := s.People.Devices(r.Context(), p.UserID)
	if err != nil {
		return err
	}
	views := make([]deviceView, len(devices))
	for i, d := range devices {
		views[i] = deviceView{
			ID: d.ID, DeviceID: d.DeviceID, DeviceName: d.Name, DeviceType: d.Kind, OSVersion: d.OSVersion,
			AppVersion: d.AppVersion, CreatedAt: d.CreatedAt.UTC(), LastSeenAt: d.SeenAt.UTC(), Current: d.ID == current,
		}
	}
	apierror.JSON(w, r, http.StatusOK, map[string]any{"devices": views})
	return nil
}

// revokeDevice is DELETE /api/v1/devices/:id: everything issued to it ends.
func (s *Server) revokeDevice(w http.ResponseWriter, r *http.Request, p *guard.Principal) error {
	if err := s.People.RevokeDevice(r.Context(), p.UserID, mux.Vars(r)["id"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
