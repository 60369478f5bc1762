package account

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
	"latchkey/pkg/scope"
)

// detailFresh marks a sign-in at a browser or on a device that the person has to hear
// of.
const detailFresh = "new"

// notice is an email that tells a person of an event: what it says, and the page where
// the person sees to it.
type notice struct{ kind, page string }

// notices are the events that people are told of.
var notices = map[string]notice{
	authserver.EventSignin:           {authserver.EmailMessageSignin, "/settings/signins"},
	authserver.EventPasskeyAdded:     {authserver.EmailMessagePasskey, "/settings/passkeys"},
	authserver.EventIdentityLinked:   {authserver.EmailMessageIdentity, "/settings/identities"},
	authserver.EventSecondFactorOn:   {authserver.EmailMessageFactorOn, "/settings/security"},
	authserver.EventSecondFactorOff:  {authserver.EmailMessageFactorOff, "/settings/security"},
	authserver.EventRecoveryCodeUsed: {authserver.EmailMessageRecoveryCode, "/settings/second-factor/recovery"},
	authserver.EventKeyCreated:       {authserver.EmailMessageKeyMade, "/settings/api_keys"},
	authserver.EventKeyRotated:       {authserver.EmailMessageKeyRotated, "/settings/api_keys"},
	authserver.EventConsentGiven:     {authserver.EmailMessageAllowed, "/settings/applications"},
	authserver.EventPasswordChanged:  {authserver.EmailMessagePasswordChanged, "/forgot"},
	authserver.EventUserClosed:       {authserver.EmailMessageClosed, ""},
	authserver.EventMemberRemoved:    {authserver.EmailMessageRemoved, "/settings/family"},
}

// Nobody gets more emails of a kind: whoever can do something again and again does not
// fill the mailbox. The page that each email leads to shows the rest.
const (
	signinsEvery = 5 * time.Minute // one email about sign-ins
	noticesEvery = time.Hour
	mostNotices  = 10 // of another kind
)

// Notify writes the emails that an event has, in its transaction. It is an
// event.Follower.
func (l *Emails) Notify(ctx context.Context, e *authserver.Event) error {
	if !l.On || e.UserID == "" || e.Outcome != authserver.OutcomeSuccess {
		return nil
	}
	if err := l.tellAdmins(ctx, e); err != nil {
		return err
	}
	n, ok := notices[e.Kind]
	if !ok || !worthTelling(e) {
		return nil
	}
	u, err := l.Store.FindUser(ctx, e.UserID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m := authserver.EmailMessage{Kind: n.kind, Page: n.page}
	if m.About, err = l.Store.NameOf(ctx, e); err != nil {
		return err
	}
	if e.Kind == authserver.EventSignin {
		m.Device, m.About = m.About, ""
	}
	return l.tell(ctx, u, e, m)
}

// worthTelling reports whether an event of a kind that has an email is one to tell of.
func worthTelling(e *authserver.Event) bool {
	switch e.Kind {
	case authserver.EventSignin:
		return e.Details[detailFresh] != ""
	case authserver.EventConsentGiven:
		given, err := scope.Parse(e.Details["scope"])
		return err != nil || given.Satisfies(scope.ReadWrite)
	case authserver.EventIdentityLinked:
		return e.Details[authserver.DetailSignup] == ""
	}
	return true
}

// tell writes one email about e to u, unless u got too many.
func (l *Emails) tell(ctx context.Context, u *authserver.User, e *authserver.Event, m authserver.EmailMessage) error {
	every, most, life := noticesEvery, mostNotices, told
	switch {
	case e.Kind == authserver.EventSignin:
		every, most = signinsEvery, 1
	case u.Closed():
		life = u.EraseAt.Sub(e.At)
	case !u.Active():
		return nil
	}
	if ok, err := l.Store.CountEmail(ctx, u.ID, m.Kind, e.At, e.At.Add(-every), most); err != nil || !ok {
		return err
	}
	m.At, m.Origin = e.At, e.Origin
	if e.ByAnother(u.ID) {
		m.Origin, m.Operator = authserver.Origin{}, e.Kind != authserver.EventMemberRemoved // which an admin does
	}
	return l.write(ctx, u, m, life)
}

// tellAdmins tells the admins of a family who came and who went. The person's new
// family, after a removal, is not the one of the event.
func (l *Emails) tellAdmins(ctx context.Context, e *authserver.Event) error {
	kind := map[string]string{
		authserver.EventMemberJoined: authserver.EmailMessageJoined, authserver.EventMemberRemoved: authserver.EmailMessageLeft,
	}[e.Kind]
	if kind == "" {
		return nil
	}
	who, err := l.Store.FindUser(ctx, e.UserID)
	if err != nil {
		return err
	}
	members, err := l.Store.ListMembers(ctx, e.FamilyID)
	if err != nil {
		return err
	}
	for i := range members {
		if members[i].ID == e.UserID || !members[i].May(role.ManageFamily) {
			continue
		}
		m := authserver.EmailMessage{Kind: kind, About: who.Named(), By: who.Email, Page: "/settings/family"}
		if err := l.tell(ctx, &members[i], e, m); err != nil {
			return err
		}
	}
	return nil
}
