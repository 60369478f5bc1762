package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

func (s *Server) familyView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, page.FamilyView, error) {
	found, err := s.people.Household(r.Context(), &in.User)
	if err != nil {
		return nil, page.FamilyView{}, err
	}
	v := s.personalView(w, r, in, "family.title")
	v.Fields = map[string]string{"family_name": in.User.FamilyName}
	data := page.FamilyView{Admin: in.User.Role == authserver.RoleAdmin, CanMail: s.people.CanMail(), Household: s.people.AsksForData()}
	data.Members, data.MembersWindow = windowed(r, "members", found.Members, page.FewRows)
	data.Away, data.AwayWindow = windowed(r, "away", found.Away, page.FewestRows)
	data.Invitations, data.InvitationsWindow = windowed(r, "invitations", found.Invitations, page.FewRows)
	if data.Household {
		data.TimeZone = s.timeZone(r, in)
	}
	return v, data, nil
}

func (s *Server) showFamily(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, data, err := s.familyView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.FamilyPage(v, data))
}

func (s *Server) changeFamily(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	ctx, by, id := r.Context(), &in.User, r.PostForm.Get("id")
	done := ""
	var err error
	switch r.PostForm.Get("action") {
	case "invite":
		return s.invite(w, r, in)
	case "rename":
		done, err = "renamed", s.people.RenameFamily(ctx, by, r.PostForm.Get("seen"), r.PostForm.Get("family_name"))
	case "role":
		done, err = "role", s.people.SetRole(ctx, by, id, r.PostForm.Get("seen"), r.PostForm.Get("role"))
	case "remove":
		done, err = "removed", s.people.RemoveMember(ctx, by, id)
	case "revoke":
		done, err = "invitation-revoked", s.people.RevokeInvitation(ctx, by, id)
	default:
		return errForm
	}
	if err != nil {
		v, data, viewErr := s.familyView(w, r, in)
		if viewErr != nil || fault.Is(err, fault.NotFound) {
			return err
		}
		return s.again(w, r, v, page.FamilyPage(v, data), err, "family_name", "id", "role")
	}
	return redirect(w, r, "/settings/family?done="+done)
}

// showRemoval says what removing a member does. The form leads to the page of the
// family.
func (s *Server) showRemoval(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.people.Household(r.Context(), &in.User)
	if err != nil {
		return err
	}
	id, all := mux.Vars(r)["id"], slices.Concat(found.Members, found.Away)
	i := slices.IndexFunc(all, func(u authserver.User) bool { return u.ID == id })
	if i < 0 || id == in.User.ID || in.User.Role != authserver.RoleAdmin {
		return fault.New(fault.NotFound, "There is no such member.")
	}
	v := s.personalView(w, r, in, "member_remove.title")
	return s.render(w, r, http.StatusOK, v, page.RemoveMemberPage(v, all[i], s.people.CanMail()))
}

// askWithdraw says what taking an invitation back does.
func (s *Server) askWithdraw(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.people.Household(r.Context(), &in.User)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	i := slices.IndexFunc(found.Invitations, func(one authserver.Invitation) bool { return one.ID == id })
	if i < 0 {
		return fault.New(fault.NotFound, "There is no such invitation.")
	}
	one := &found.Invitations[i]
	return s.askFirst(w, r, in, page.AskView{
		Key: "invitation_end", Back: "/settings/family", Action: "/settings/family",
		Fields: []page.Carried{{Name: "action", Value: "revoke"}, {Name: "id", Value: id}},
		Facts:  []page.Fact{{Key: "role", Cell: page.ListCell{Key: "role." + one.Role}}, {Key: "until", Cell: page.ListCell{Moment: &one.ExpiresAt}}},
	}, one.Email)
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	email := r.PostForm.Get("email")
	code, err := s.people.Invite(r.Context(), &in.User, email, r.PostForm.Get("role"), s.language(r))
	v, data, viewErr := s.familyView(w, r, in)
	if viewErr != nil {
		return viewErr
	}
	if err != nil {
		return s.again(w, r, v, page.FamilyPage(v, data), err, "email")
	}
	data.For, data.Link = authserver.NormalizeEmail(email), s.issuer+account.JoinPath+code.Reveal()
	return s.render(w, r, http.StatusOK, v, page.FamilyPage(v, data))
}

// join is where an invitation leads.
func (s *Server) join(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("code")
	found, err := s.people.Invitation(r.Context(), code)
	if fault.Is(err, fault.NotFound) {
		return s.linkGone(w, r, "/", "linkgone.join")
	}
	if err != nil {
		return err
	}
	in, err := s.current(r)
	if err != nil {
		return err
	}
	v := s.newView(w, r, "join.title", found.FamilyName)
	v.Signin = in
	return s.render(w, r, http.StatusOK, v, page.JoinPage(v, found, code))
}

func (s *Server) showDelete(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, err := s.deletion(r, &in.User)
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "delete.title")
	return s.render(w, r, http.StatusOK, v, page.DeletePage(v, d))
}

// graceDays are those for which a closed account can be restored.
func (s *Server) graceDays() int {
	const day = 24 * time.Hour
	return int((s.people.ErasureGrace() + day - 1) / day)
}

// deletion is what a deletion will do.
func (s *Server) deletion(r *http.Request, u *authserver.User) (page.DeleteView, error) {
	d := page.DeleteView{Days: s.graceDays(), Erases: s.people.Erases()}
	var err error
	d.Happens, err = s.ends(r, u)
	return d, err
}

// ends counts what ends with somebody's account.
func (s *Server) ends(r *http.Request, u *authserver.User) ([]page.Happening, error) {
	ctx := r.Context()
	signins, err := s.people.Signins(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	devices, err := s.people.Devices(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	allowed, err := s.consents.List(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	list := []page.Happening{{Key: "happens.signins", Count: len(signins) + len(devices)}, {Key: "happens.applications", Count: len(allowed)}}
	if s.keys == nil {
		return page.Some(list...), nil
	}
	keys, err := s.keys.List(ctx, u.ID)
	return page.Some(append(list, page.Happening{Key: "happens.keys", Count: len(keys)})...), err
}

func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	link, err := s.recovery.CloseMine(r.Context(), in, r.PostForm.Get("password"))
	if err != nil {
		v := s.personalView(w, r, in, "delete.title")
		if f := faultOf(err); f != nil {
			if details, ok := f.Details.([]string); ok && len(details) > 0 {
				err = fault.New(f.Kind, details[0])
			}
		}
		d, failed := s.deletion(r, &in.User)
		if failed != nil {
			return failed
		}
		return s.again(w, r, v, page.DeletePage(v, d), err)
	}
	s.forgetSignin(w)
	return redirect(w, r, account.DeletionPath+link.Reveal())
}
