package web

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// passkeyRoutes are the pages of passkeys and what their script asks for.
func (s *Server) passkeyRoutes(router *mux.Router) {
	router.Handle("/signin/passkey/options", s.script(s.passkeySigninOptions))
	router.Handle("/signin/passkey", s.methods(s.toSignin, s.passkeySignin))
	router.Handle("/signin/second-factor/passkey/options", s.script(s.passkeyStepOptions))
	router.Handle("/signin/second-factor/passkey", s.methods(s.toSignin, s.passkeyStep))
	router.Handle("/settings/passkeys/options", s.script(s.passkeyOptions))
	own := func(path string, get, post personal) {
		router.Handle(path, s.methods(s.forPerson(get), s.forPerson(post)))
	}
	own("/settings/passkeys", s.showPasskeys, s.addPasskey)
	own("/settings/passkeys/{id}", s.showPasskey, s.renamePasskey)
	own("/settings/passkeys/{id}/remove", s.showPasskeyRemoval, s.removePasskey)
}

// script answers a POST of our own script with JSON. The form is checked as
// every form is: origin, and the token of this browser.
func (s *Server) script(post httpserver.Handler) http.Handler {
	return httpserver.Handle(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			apierror.JSON(w, r, http.StatusMethodNotAllowed, map[string]string{
				"error": "method_not_allowed", "message": "This address answers POST only.",
			})
			return nil
		}
		if err := s.CheckForm(r); err != nil {
			return err
		}
		return post(w, r)
	}, func(w http.ResponseWriter, r *http.Request, err error) {
		// The sentence is shown to the person, so it is in the person's language.
		if f := faultOf(err); f != nil {
			translated := *f
			translated.Message = s.texts[s.language(r)].say(f.Message)
			translated.Errors = nil
			err = &translated
		}
		apierror.Write(w, r, err)
	})
}

// browser is what a challenge is bound to: the secret this browser alone has.
func (s *Server) browser(r *http.Request) secret.Digest {
	if cookie := s.signinCookie(r); !cookie.IsZero() {
		return cookie.Digest()
	}
	return s.visitCookie(r).Digest()
}

func (s *Server) toSignin(w http.ResponseWriter, r *http.Request) error {
	return redirect(w, r, "/signin")
}

func (s *Server) passkeySigninOptions(w http.ResponseWriter, r *http.Request) error {
	if err := s.People.AdmitSignin(r.Context(), visitor(r)); err != nil {
		return err
	}
	options, err := s.Passkeys.BeginSignIn(r.Context(), s.browser(r))
	if err == nil {
		apierror.JSON(w, r, http.StatusOK, options)
	}
	return err
}

func (s *Server) passkeySignin(w http.ResponseWriter, r *http.Request) error {
	cookie, err := s.signInByPasskey(r)
	if err != nil {
		v, page := s.signinView(w, r)
		return s.again(w, r, v, page, err)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, onward(returnTo(r)))
}

func (s *Server) signInByPasskey(r *http.Request) (secret.Token, error) {
	if err := s.People.AdmitSignin(r.Context(), visitor(r)); err != nil {
		return secret.Token{}, err
	}
	userID, err := s.Passkeys.SignIn(r.Context(), s.browser(r), []byte(r.PostForm.Get("credential")))
	if err != nil {
		return secret.Token{}, err
	}
	annotate(r, userID)
	return s.People.SignInProven(r.Context(), userID, visitor(r), s.signinCookie(r))
}

// offersPasskey reports whether who gave the right password has a passkey.
func (s *Server) offersPasskey(r *http.Request) bool {
	if !s.Passkeys.Available() {
		return false
	}
	u, err := s.People.PendingSignin(r.Context(), s.readCookie(r, pendingName, secret.Signin))
	if err != nil {
		return false // the page that was asked for tells
	}
	keys, err := s.Passkeys.List(r.Context(), u.ID)
	if err != nil {
		httpserver.Cause(r.Context(), err) // a code will do
	}
	return len(keys) > 0
}

// passkeyStepOptions is asked on the page of the second factor.
func (s *Server) passkeyStepOptions(w http.ResponseWriter, r *http.Request) error {
	u, err := s.People.PendingSignin(r.Context(), s.readCookie(r, pendingName, secret.Signin))
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Unauthenticated, err, "That took too long. Sign in again.")
	}
	if err != nil {
		return err
	}
	if err := s.People.AdmitSecondFactor(r.Context(), u.ID); err != nil {
		return err
	}
	options, err := s.Passkeys.BeginSecondFactor(r.Context(), u, s.browser(r))
	if err == nil {
		apierror.JSON(w, r, http.StatusOK, options)
	}
	return err
}

// passkeyStep accepts a passkey instead of a code.
func (s *Server) passkeyStep(w http.ResponseWriter, r *http.Request) error {
	pending := s.readCookie(r, pendingName, secret.Signin)
	u, err := s.People.PendingSignin(r.Context(), pending)
	if err == nil {
		err = s.Passkeys.CheckSecondFactor(r.Context(), u, s.browser(r), []byte(r.PostForm.Get("credential")))
	}
	var cookie secret.Token
	if err == nil {
		cookie, err = s.People.FinishSignInProven(r.Context(), pending, u.ID, visitor(r), s.signinCookie(r))
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return redirect(w, r, withReturn("/signin", returnTo(r)))
	case err != nil:
		v, page := s.secondStepView(w, r)
		return s.again(w, r, v, page, err)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, onward(returnTo(r)))
}

type passkeysView struct {
	Available     bool
	NeedsPassword bool
	Full          bool
	Keys          []authserver.Passkey
}

func (s *Server) passkeysView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*view, templ.Component, error) {
	keys, err := s.Passkeys.List(r.Context(), in.User.ID)
	if err != nil {
		return nil, nil, err
	}
	v := s.personalView(w, r, in, "passkeys.title")
	v.Path = "/settings/security"
	return v, passkeysPage(v, passkeysView{
		Available: s.Passkeys.Available(), NeedsPassword: s.People.NeedsPassword(in),
		Full: len(keys) >= authserver.MaxPasskeys, Keys: keys,
	}), nil
}

func (s *Server) showPasskeys(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, page, err := s.passkeysView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page)
}

// passkeyOptions is asked by the script; that is when the password is checked.
func (s *Server) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in == nil {
		return fault.New(fault.Unauthenticated, "You are not signed in any more. Load the page again.")
	}
	if err := s.People.AdmitSignin(r.Context(), visitor(r)); err != nil {
		return err
	}
	if err := s.People.Reconfirm(r.Context(), in, r.PostForm.Get("password")); err != nil {
		return err
	}
	options, err := s.Passkeys.BeginRegistration(r.Context(), &in.User, in.Digest)
	if err == nil {
		apierror.JSON(w, r, http.StatusOK, options)
	}
	return err
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	name := r.PostForm.Get("passkey_name")
	err := s.Passkeys.Register(r.Context(), &in.User, in.Digest, name, []byte(r.PostForm.Get("credential")))
	if err == nil {
		return redirect(w, r, "/settings/passkeys?done=passkey-added")
	}
	v, page, viewErr := s.passkeysView(w, r, in)
	if viewErr != nil {
		return viewErr
	}
	return s.again(w, r, v, page, err, "passkey_name")
}

func (s *Server) onePasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, title string) (*view, *authserver.Passkey, error) {
	key, err := s.Passkeys.Find(r.Context(), in.User.ID, mux.Vars(r)["id"])
	if err != nil {
		return nil, nil, err
	}
	v := s.personalView(w, r, in, title)
	v.Path = "/settings/security"
	v.Fields = map[string]string{"passkey_name": key.Name}
	return v, key, nil
}

func (s *Server) showPasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey.title")
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, passkeyPage(v, key))
}

func (s *Server) renamePasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey.title")
	if err != nil {
		return err
	}
	err = s.Passkeys.Rename(r.Context(), in.User.ID, mux.Vars(r)["id"], r.PostForm.Get("passkey_name"))
	if err != nil {
		return s.again(w, r, v, passkeyPage(v, key), err, "passkey_name")
	}
	return redirect(w, r, "/settings/passkeys?done=passkey-renamed")
}

func (s *Server) showPasskeyRemoval(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey_remove.title")
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, passkeyRemovePage(v, key, s.People.NeedsPassword(in)))
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey_remove.title")
	if err != nil {
		return err
	}
	if err = s.People.Reconfirm(r.Context(), in, r.PostForm.Get("password")); err == nil {
		err = s.Passkeys.Remove(r.Context(), in.User.ID, mux.Vars(r)["id"])
	}
	if err != nil {
		return s.again(w, r, v, passkeyRemovePage(v, key, s.People.NeedsPassword(in)), err)
	}
	return redirect(w, r, "/settings/passkeys?done=passkey-removed")
}

func (s *Server) exportPasskeys(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.Passkeys.List(ctx, in.User.ID)
	return each(found, func(one authserver.Passkey) object {
		return object{
			"id": one.ID, "name": one.Name, "created_at": one.CreatedAt.UTC(), "last_used_at": one.UsedAt,
			"synced": one.BackedUp, "transports": append([]string{}, one.Transports...),
		}
	}), err
}
