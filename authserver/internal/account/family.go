package account

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/role"
	"latchkey/pkg/secret"
)

const defaultInvitationLife = 72 * time.Hour // docs/contract.md, "Invites and invitations"

var (
	errNotAdmin = fault.New(fault.Forbidden, "Only an admin of the family can do this.")
	errOneself  = fault.New(fault.Conflict, "You can't do this to yourself.")
)

// Household is what a person sees of the family.
type Household struct {
	Members     []authserver.User
	Away        []authserver.User       // who are not active and may come back; for admins only
	Invitations []authserver.Invitation // open ones; for admins only
}

// Household returns the family of u.
func (s *Service) Household(ctx context.Context, u *authserver.User) (Household, error) {
	members, err := s.deps.Store.ListMembers(ctx, u.FamilyID)
	if err != nil || !u.May(role.ManageFamily) {
		return Household{Members: members}, err
	}
	away, err := s.deps.Store.ListAway(ctx, u.FamilyID)
	if err != nil {
		return Household{}, err
	}
	open, err := s.deps.Store.ListInvitations(ctx, u.FamilyID, s.now())
	return Household{Members: members, Away: away, Invitations: open}, err
}

// invitationEmails are how many invitations one person may have sent to others.
var invitationEmails = []Limit{{10, time.Hour}, {30, 24 * time.Hour}}

// Invite makes an invitation into the family of by, an admin, and returns a code to hand
// over, this once. Where emails can be sent another code goes to the address in one, and
// to nobody else: who joins with that has the address. language is that of the email.
// Errors: fault.Forbidden, fault.Invalid, fault.RateLimited.
func (s *Service) Invite(ctx context.Context, by *authserver.User, email, as, language string) (secret.Token, error) {
	if !by.May(role.ManageFamily) {
		return secret.Token{}, errNotAdmin
	}
	email = authserver.NormalizeEmail(email)
	broken := authserver.CheckEmail(email)
	if !authserver.ValidRole(as) {
		broken = append(broken, authserver.Violation{Field: "role", Rule: "role.invalid", Message: "Role is invalid"})
	}
	if len(broken) > 0 {
		return secret.Token{}, invalid(broken)
	}
	if s.CanMail() {
		if err := s.take(ctx, "invitation-email", by.ID, invitationEmails); err != nil {
			return secret.Token{}, err
		}
	}
	code, now := secret.New(secret.InviteCode), s.now()
	i := authserver.Invitation{
		ID: uuid.NewString(), Digest: code.Digest(), FamilyID: by.FamilyID, Email: email, Role: as,
		InvitedBy: by.ID, CreatedAt: now, ExpiresAt: now.Add(s.invitationLife()),
	}
	err := s.asAdmin(ctx, by, func(ctx context.Context, _ []authserver.User) error {
		if err := s.deps.Store.CreateInvitation(ctx, i); err != nil {
			return err
		}
		err := s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventMemberInvited, UserID: by.ID, FamilyID: by.FamilyID, SubjectID: i.ID,
			Details: map[string]string{"role": as},
		})
		if err != nil {
			return err
		}
		return s.writeInvitation(ctx, by, &i, language)
	})
	if err != nil {
		return secret.Token{}, err
	}
	return code, nil
}

// writeInvitation names the inviter by the address, if it is confirmed: names are what
// people call themselves.
func (s *Service) writeInvitation(ctx context.Context, by *authserver.User, i *authserver.Invitation, language string) error {
	m := authserver.EmailMessage{Kind: authserver.EmailMessageInvited, To: i.Email, Language: language, ID: i.ID, At: s.now()}
	if by.EmailConfirmed() {
		m.By = by.Email
	}
	return s.emails.write(ctx, by, m, told)
}

func (s *Service) invitationLife() time.Duration {
	if s.deps.Settings.InvitationLife > 0 {
		return s.deps.Settings.InvitationLife
	}
	return defaultInvitationLife
}

// Invitation returns the open invitation of a code, fault.NotFound if there is none.
func (s *Service) Invitation(ctx context.Context, text string) (*authserver.Invitation, error) {
	code, err := secret.Parse(secret.InviteCode, text)
	if err != nil {
		return nil, fault.New(fault.NotFound, "There is no such invitation.")
	}
	return s.deps.Store.FindInvitation(ctx, code.Digest(), s.now())
}

// RevokeInvitation takes an open invitation back.
func (s *Service) RevokeInvitation(ctx context.Context, by *authserver.User, id string) error {
	missing := fault.New(fault.NotFound, "There is no such invitation.")
	if !authserver.ValidID(id) {
		return missing
	}
	return s.asAdmin(ctx, by, func(ctx context.Context, _ []authserver.User) error {
		ok, err := s.deps.Store.RevokeInvitation(ctx, by.FamilyID, id, s.now())
		if err == nil && !ok {
			return missing
		}
		if err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventInvitationRevoked, UserID: by.ID, FamilyID: by.FamilyID, SubjectID: id,
		})
	})
}

var errRenamed = fault.New(fault.Conflict, "Someone else renamed the family at the same time. Saving again replaces that name with yours.")

// RenameFamily gives the family of by another name. seen is the name that the form showed;
// "": whatever it is now. fault.Conflict: it has another one.
func (s *Service) RenameFamily(ctx context.Context, by *authserver.User, seen, name string) error {
	if !by.May(role.ManageFamily) {
		return errNotAdmin
	}
	name = strings.TrimSpace(name)
	broken := authserver.CheckName("family_name", name)
	if name == "" {
		broken = authserver.Violations{{Field: "family_name", Rule: "name.blank", Message: "Family name can't be blank"}}
	}
	if len(broken) > 0 {
		return invalid(broken)
	}
	return s.asAdmin(ctx, by, func(ctx context.Context, members []authserver.User) error {
		if seen != "" && seen != members[0].FamilyName {
			return errRenamed
		}
		return s.deps.Store.RenameFamily(ctx, by.FamilyID, name)
	})
}

// asAdmin holds the family of by, who must manage it, and gives fn its members.
// They are read anew: by may have lost the role meanwhile, and whoever takes it
// away holds the family too.
func (s *Service) asAdmin(ctx context.Context, by *authserver.User, fn func(ctx context.Context, members []authserver.User) error) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.LockFamily(ctx, by.FamilyID); err != nil {
			return err
		}
		if err := s.deps.Store.HoldUser(ctx, by.ID); err != nil {
			return err
		}
		members, err := s.deps.Store.ListMembers(ctx, by.FamilyID)
		if err != nil {
			return err
		}
		for i := range members {
			if members[i].ID == by.ID && members[i].May(role.ManageFamily) {
				return fn(ctx, members)
			}
		}
		return errNotAdmin
	})
}

// withMember is asAdmin for what is done to the active member with the id, who is not by.
func (s *Service) withMember(ctx context.Context, by *authserver.User, id string, fn func(ctx context.Context, u *authserver.User) error) error {
	if id == by.ID {
		return errOneself
	}
	return s.asAdmin(ctx, by, func(ctx context.Context, members []authserver.User) error {
		return s.one(ctx, members, id, fn)
	})
}

func (s *Service) one(ctx context.Context, members []authserver.User, id string, fn func(ctx context.Context, u *authserver.User) error) error {
	for i := range members {
		if members[i].ID == id {
			return fn(ctx, &members[i])
		}
	}
	return fault.New(fault.NotFound, "There is no such member.")
}

var errOtherRole = fault.New(fault.Conflict, "Someone else changed this role at the same time. Saving again replaces it with yours.")

// SetRole changes what a member may do. seen is the role that the form showed; "":
// whatever it is now. The invitations that the member made end with the role that allowed
// them. fault.Conflict: the member has another role.
func (s *Service) SetRole(ctx context.Context, by *authserver.User, id, seen, as string) error {
	if !authserver.ValidRole(as) {
		return invalid(authserver.Violations{{Field: "role", Rule: "role.invalid", Message: "Role is invalid"}})
	}
	return s.withMember(ctx, by, id, func(ctx context.Context, u *authserver.User) error {
		if seen != "" && seen != u.Role {
			return errOtherRole
		}
		if err := s.deps.Store.MoveUser(ctx, u.ID, by.FamilyID, as); err != nil {
			return err
		}
		err := s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventRoleChanged, ActorID: by.ID, UserID: u.ID, FamilyID: by.FamilyID,
			Details: map[string]string{"role": as},
		})
		if err != nil {
			return err
		}
		if role.May(as, role.ManageFamily) {
			return nil
		}
		return s.end(ctx, u.ID, endingDemoted, "")
	})
}

// RemoveMember puts a member out of the family of by, into a new and empty one
// of their own. Everything the member signed in with, allowed or handed out ends at
// once. Of a member who is away it has ended already, and coming back leads to the new
// family.
func (s *Service) RemoveMember(ctx context.Context, by *authserver.User, id string) error {
	if id == by.ID {
		return errOneself
	}
	return s.asAdmin(ctx, by, func(ctx context.Context, members []authserver.User) error {
		away, err := s.deps.Store.ListAway(ctx, by.FamilyID)
		if err != nil {
			return err
		}
		return s.one(ctx, append(members, away...), id, func(ctx context.Context, u *authserver.User) error {
			return s.remove(ctx, by, u)
		})
	})
}

func (s *Service) remove(ctx context.Context, by, u *authserver.User) error {
	if err := s.newFamily(ctx, u); err != nil {
		return err
	}
	if err := s.deps.Store.MoveUser(ctx, u.ID, u.FamilyID, authserver.RoleAdmin); err != nil {
		return err // before all that depends on the user's row: see grant.Service.End
	}
	err := s.deps.Events.Record(ctx, authserver.Event{
		Kind: authserver.EventMemberRemoved, ActorID: by.ID, UserID: u.ID, FamilyID: by.FamilyID,
	})
	if err != nil || !u.Active() {
		return err
	}
	return s.end(ctx, u.ID, endingRemoved, "")
}
