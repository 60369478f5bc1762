package web

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
)

// afterSignin sends a browser on after a sign-in: to where it was going, to the second
// factor, to the page that restores a closed account, or to what a reset has
// suspended.
func (s *Server) afterSignin(w http.ResponseWriter, r *http.Request, result account.SigninResult, to string) error {
	switch {
	case !result.Restore.IsZero():
		return redirect(w, r, account.RestorePath+result.Restore.Reveal())
	case !result.Pending.IsZero():
		s.setCookie(w, pendingName, result.Pending, pendingLife)
		return redirect(w, r, page.WithReturn("/signin/second-factor", to))
	}
	s.signedIn(w, result.Cookie)
	if result.Review {
		return redirect(w, r, page.WithReturn(reviewPath, to))
	}
	return redirect(w, r, page.Onward(to))
}

const restoreGone = "linkgone.restore"

func (s *Server) showRestore(w http.ResponseWriter, r *http.Request) error {
	return s.restorePage(w, r, r.URL.Query().Get("token"), nil)
}

func (s *Server) restorePage(w http.ResponseWriter, r *http.Request, token string, refused error) error {
	u, err := s.people.CheckRestoreLink(r.Context(), token)
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/signin", restoreGone)
	}
	if err != nil {
		return err
	}
	v := s.newView(w, r, "restore.title")
	body := page.RestorePage(v, token, u)
	if refused != nil {
		return s.again(w, r, v, body, refused)
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// restore is the only thing that restores an account: a link alone changes nothing.
func (s *Server) restore(w http.ResponseWriter, r *http.Request) error {
	err := s.people.Restore(r.Context(), r.PostForm.Get("token"))
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/signin", restoreGone)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, "/signin?done=restored")
}

const reviewPath = "/settings/review"

// showReview asks which ways to sign in, that a reset has suspended, are restored.
func (s *Server) showReview(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.people.Suspended(r.Context(), &in.User)
	if err != nil {
		return err
	}
	if len(found.Passkeys)+len(found.Identities) == 0 && !in.User.Review {
		return redirect(w, r, page.Onward(returnTo(r)))
	}
	v := s.personalView(w, r, in, "review.title")
	v.ReturnTo = returnTo(r)
	v.LeadsAnywhere = authorizes(v.ReturnTo)
	return s.render(w, r, http.StatusOK, v, page.ReviewPage(v, page.ReviewView{
		Passkeys: found.Passkeys, Identities: s.identityViews(found.Identities),
	}))
}

// keepField is the name of a box of the page, before the id of what it is about.
const keepField = "keep-"

func (s *Server) review(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	var keep []string
	for name := range r.PostForm {
		if id, ok := strings.CutPrefix(name, keepField); ok {
			keep = append(keep, id)
		}
	}
	if err := s.people.KeepSuspended(r.Context(), &in.User, keep); err != nil {
		return err
	}
	return redirect(w, r, page.Onward(returnTo(r)))
}
