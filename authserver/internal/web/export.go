package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/web/page"
)

func (s *Server) showExport(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, body := s.exportView(w, r, in)
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) exportView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component) {
	v := s.personalView(w, r, in, "export.title")
	v.Fields = map[string]string{"what": page.ExportEverything}
	return v, page.ExportPage(v, s.people.MayExportHousehold(&in.User))
}

// exportAgain shows the form with why there is no file.
func (s *Server) exportAgain(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error {
	v, body := s.exportView(w, r, in)
	return s.refused(w, r, v, body, refused)
}

// export hands the person a file: what the form asks for.
func (s *Server) export(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	switch r.PostForm.Get("what") {
	case page.ExportEverything:
		return s.exportEverything(w, r, in)
	case page.ExportOwn, "": // programs that send the form know of no choice
		return s.exportOwn(w, r, in)
	}
	return errForm
}

// exportOwn hands the person a file of what this server holds on them.
func (s *Server) exportOwn(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	raw, err := s.ownData(r.Context(), in)
	if err != nil {
		return err
	}
	if err := s.events.Record(r.Context(), authserver.Event{Kind: authserver.EventExported, UserID: in.User.ID}); err != nil {
		return err
	}
	s.attach(w.Header(), "application/json; charset=utf-8", "json")
	_, _ = w.Write(raw) // the browser may be gone; there is nobody left to tell
	return nil
}

// attach says that the answer is a file of today, to be kept.
func (s *Server) attach(h http.Header, kind, ending string) {
	s.pageHeaders(h, "form-action 'self'; ")
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+s.site.FileName()+`-`+s.now().UTC().Format("2006-01-02")+`.`+ending+`"`)
}

// ownData is what this server holds on a person, as JSON: never a secret, and never the
// digest of one.
func (s *Server) ownData(ctx context.Context, in *authserver.Signin) ([]byte, error) {
	doc, err := s.exported(ctx, in)
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("web: export: %w", err)
	}
	return append(raw, '\n'), nil
}

// An exportPart is what one part of the server holds on a person.
type exportPart func(ctx context.Context, in *authserver.Signin) (any, error)

func (s *Server) exported(ctx context.Context, in *authserver.Signin) (map[string]any, error) {
	u := &in.User
	doc := map[string]any{
		"exported_at": s.now().UTC().Format(time.RFC3339), "server": s.issuer,
		"account": map[string]any{
			"id": u.ID, "email": u.Email, "first_name": u.FirstName, "last_name": u.LastName, "role": u.Role,
			"operator": u.Operator, "ui_layout": u.UILayout, "ai_enabled": u.AIEnabled,
			"email_confirmed_at": u.EmailConfirmedAt, "language": u.Language, "theme": u.Theme, "chosen_language": u.ChosenLanguage, "time_zone": u.TimeZone, "has_password": u.PasswordHash != "", "second_factor": u.SecondFactor, "created_at": u.CreatedAt.UTC(),
		},
		"family": map[string]any{"id": u.FamilyID, "name": u.FamilyName},
	}
	for name, part := range map[string]exportPart{
		"sign_ins": s.exportSignins, "devices": s.exportDevices, "applications": s.exportApplications,
		"authorizations": s.exportGrants, "registered_applications": s.exportClients,
		"passkeys": s.exportPasskeys, "identities": s.exportIdentities,
		"api_keys": s.exportKeys, "recovery_codes_left": s.exportRecovery,
	} {
		held, err := part(ctx, in)
		if err != nil {
			return nil, err
		}
		doc[name] = held
	}
	return doc, nil
}

type object = map[string]any

// each turns a list into JSON objects; an empty one is [], not null.
func each[T any](list []T, fields func(T) object) []object {
	all := make([]object, 0, len(list))
	for _, one := range list {
		all = append(all, fields(one))
	}
	return all
}

func (s *Server) exportSignins(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.people.Signins(ctx, in.User.ID)
	return each(found, func(one authserver.Signin) object {
		return object{
			"id": one.ID, "created_at": one.CreatedAt.UTC(), "last_seen_at": one.SeenAt.UTC(), "expires_at": one.ExpiresAt.UTC(),
			"browser": one.UserAgent, "address": one.Address, "this_one": one.ID == in.ID,
		}
	}), err
}

func (s *Server) exportDevices(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.people.Devices(ctx, in.User.ID)
	return each(found, func(one authserver.Device) object {
		return object{
			"id": one.ID, "device_id": one.DeviceID, "name": one.Name, "type": one.Kind, "os_version": one.OSVersion,
			"app_version": one.AppVersion, "created_at": one.CreatedAt.UTC(), "last_seen_at": one.SeenAt.UTC(),
		}
	}), err
}

func (s *Server) exportApplications(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.consents.List(ctx, in.User.ID)
	return each(found, func(one authserver.Application) object {
		return object{
			"client_id": one.Client.ID, "name": one.Client.Name, "scopes": one.Consent.Scopes.Names(),
			"allowed_at": one.Consent.CreatedAt.UTC(), "changed_at": one.Consent.UpdatedAt.UTC(), "last_used_at": one.UsedAt,
		}
	}), err
}

func (s *Server) exportGrants(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.consents.ListGrants(ctx, in.User.ID)
	return each(found, func(one authserver.Grant) object {
		return object{
			"id": one.ID, "client_id": one.ClientID, "scopes": one.Scopes.Names(), "origin": one.Origin,
			"device": one.DeviceID, "created_at": one.CreatedAt.UTC(), "ended_at": one.EndedAt, "end_reason": one.EndReason,
		}
	}), err
}

func (s *Server) exportClients(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.clients.ListOwned(ctx, in.User.ID)
	return each(found, func(one *authserver.Client) object {
		return object{
			"client_id": one.ID, "name": one.Name, "token_endpoint_auth_method": one.AuthMethod,
			"redirect_uris": one.RedirectURIs, "scopes": one.Scopes.Names(), "created_at": one.CreatedAt.UTC(), "logo": s.logoAddress(one),
		}
	}), err
}

func (s *Server) exportKeys(ctx context.Context, in *authserver.Signin) (any, error) {
	if s.keys == nil {
		return []object{}, nil
	}
	found, err := s.keys.List(ctx, in.User.ID)
	return each(found, func(one *apikey.View) object {
		return object{
			"id": one.ID, "name": one.Name, "scopes": one.Scopes.Names(), "source": one.Source, "tier": one.Tier, "hint": one.Stub,
			"allowed_networks": one.AllowedCIDRs, "created_at": one.CreatedAt.UTC(), "expires_at": one.ExpiresAt,
			"last_used_at": one.LastUsedAt, "last_used_from": one.LastUsedFrom, "made_by": one.MadeBy, "made_with": one.MadeWith,
		}
	}), err
}

func (s *Server) exportRecovery(ctx context.Context, in *authserver.Signin) (any, error) {
	return s.people.RecoveryCodesLeft(ctx, &in.User)
}
