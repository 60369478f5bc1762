package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// showNotMe says what can be done about an event that was somebody else's doing.
func (s *Server) showNotMe(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "notme.title")
	d := page.NotMeView{HasKeys: s.keys != nil}
	id := r.URL.Query().Get("event")
	if id == "" {
		return s.render(w, r, http.StatusOK, v, page.NotMePage(v, d))
	}
	e, err := s.events.OneOf(r.Context(), &in.User, id)
	if err != nil {
		return err
	}
	names, err := s.namesFor(r.Context(), &in.User, false)
	if err != nil {
		return err
	}
	if d.Rows, err = names.rows(r.Context(), []authserver.Event{*e}); err != nil {
		return err
	}
	d.End, err = s.endOf(r.Context(), in, e)
	if fault.Is(err, fault.NotFound) {
		d.Gone, err = true, nil
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.NotMePage(v, d))
}

// endOf is where what came of the event can be ended. fault.NotFound: it is over.
func (s *Server) endOf(ctx context.Context, in *authserver.Signin, e *authserver.Event) (page.Ending, error) {
	of := url.Values{"client_id": {e.ClientID}}.Encode()
	var err error
	switch e.Kind {
	case authserver.EventSignin:
		return s.endOfSignin(ctx, in, e)
	case authserver.EventKeyCreated, authserver.EventKeyRotated:
		return s.endOfKey(ctx, in, e)
	case authserver.EventConsentGiven:
		_, err = s.consents.Find(ctx, in.User.ID, e.ClientID)
		return page.Ending{Key: "notme.end.application", Link: page.ApplicationPath + "/remove?" + of}, err
	case authserver.EventPasskeyAdded:
		_, err = s.passkeys.Find(ctx, in.User.ID, e.SubjectID)
		return page.Ending{Key: "notme.end.passkey", Link: "/settings/passkeys/" + e.SubjectID + "/remove"}, err
	case authserver.EventClientCreated:
		_, err = s.clients.Owned(ctx, in.User.ID, e.ClientID)
		return page.Ending{Key: "notme.end.client", Link: page.ClientsPath + "/" + url.PathEscape(e.ClientID) + "/delete"}, err
	case authserver.EventMemberInvited:
		household, err := s.people.Household(ctx, &in.User)
		there := slices.ContainsFunc(household.Invitations, func(i authserver.Invitation) bool { return i.ID == e.SubjectID })
		return page.Ending{Key: "notme.end.invitation", Link: "/settings/family/invitations/" + e.SubjectID}, whether(there, err)
	case authserver.EventIdentityLinked:
		if s.sso == nil {
			return page.Ending{}, nil
		}
		found, err := s.sso.Identities(ctx, in.User.ID)
		there := slices.ContainsFunc(found, func(i authserver.Identity) bool { return i.ID == e.SubjectID })
		return page.Ending{Key: "notme.end.identity", Link: identitiesPath + "/" + e.SubjectID}, whether(there, err)
	}
	return page.Ending{}, nil
}

// whether is err or, where there is nothing, fault.NotFound.
func whether(there bool, err error) error {
	if err == nil && !there {
		return errNowhere
	}
	return err
}

func (s *Server) endOfKey(ctx context.Context, in *authserver.Signin, e *authserver.Event) (page.Ending, error) {
	id := e.SubjectID
	if next := e.Details["successor_id"]; next != "" {
		id = next
	}
	if s.keys == nil {
		return page.Ending{}, errNowhere
	}
	_, err := s.keys.Get(ctx, in.User.ID, id)
	return page.Ending{Key: "notme.end.key", Link: page.KeysPath + "/" + id + "/revoke"}, err
}

func (s *Server) endOfSignin(ctx context.Context, in *authserver.Signin, e *authserver.Event) (page.Ending, error) {
	if e.SubjectID == in.ID {
		return page.Ending{Key: "notme.end.here", Link: "/signout"}, nil
	}
	devices, err := s.people.Devices(ctx, in.User.ID)
	if err != nil {
		return page.Ending{}, err
	}
	if slices.ContainsFunc(devices, func(d authserver.Device) bool { return d.ID == e.SubjectID }) {
		return page.Ending{Key: "notme.end.device", Link: signinsPath + "/devices/" + e.SubjectID}, nil
	}
	browsers, err := s.people.Signins(ctx, in.User.ID)
	there := slices.ContainsFunc(browsers, func(one authserver.Signin) bool { return one.ID == e.SubjectID })
	return page.Ending{Key: "notme.end.signin", Link: signinsPath + "/" + e.SubjectID}, whether(there, err)
}
