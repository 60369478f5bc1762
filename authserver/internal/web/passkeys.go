package web

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

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
	if err := s.people.AdmitSignin(r.Context(), s.visitor(w, r)); err != nil {
		return err
	}
	options, err := s.passkeys.BeginSignIn(r.Context(), s.browser(r))
	if err == nil {
		apierror.JSON(w, r, http.StatusOK, options)
	}
	return err
}

func (s *Server) passkeySignin(w http.ResponseWriter, r *http.Request) error {
	result, err := s.signInByPasskey(w, r)
	if err != nil {
		v, body := s.signinView(w, r)
		return s.again(w, r, v, body, err)
	}
	return s.afterSignin(w, r, result, returnTo(r))
}

func (s *Server) signInByPasskey(w http.ResponseWriter, r *http.Request) (account.SigninResult, error) {
	if err := s.people.AdmitSignin(r.Context(), s.visitor(w, r)); err != nil {
		return account.SigninResult{}, err
	}
	u, err := s.passkeys.SignIn(r.Context(), s.browser(r), []byte(r.PostForm.Get("credential")))
	if err != nil {
		return account.SigninResult{}, err
	}
	annotate(r, u.ID)
	return s.people.SignInProven(r.Context(), u, s.visitor(w, r), s.signinCookie(r))
}

// offersPasskey reports whether who gave the right password has a passkey.
func (s *Server) offersPasskey(r *http.Request) bool {
	if !s.passkeys.Available() {
		return false
	}
	u, err := s.people.PendingSignin(r.Context(), s.readCookie(r, pendingName, secret.Signin))
	if err != nil {
		return false // the page that was asked for tells
	}
	keys, err := s.passkeys.List(r.Context(), u.ID)
	if err != nil {
		httpserver.Cause(r.Context(), err) // a code will do
	}
	return len(keys) > 0
}

// passkeyStepOptions is asked on the page of the second factor.
func (s *Server) passkeyStepOptions(w http.ResponseWriter, r *http.Request) error {
	u, err := s.people.PendingSignin(r.Context(), s.readCookie(r, pendingName, secret.Signin))
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Unauthenticated, err, "That took too long. Sign in again.")
	}
	if err != nil {
		return err
	}
	if err := s.people.AdmitSecondFactor(r.Context(), u.ID); err != nil {
		return err
	}
	options, err := s.passkeys.BeginSecondFactor(r.Context(), u, s.browser(r))
	if err == nil {
		apierror.JSON(w, r, http.StatusOK, options)
	}
	return err
}

// passkeyStep accepts a passkey instead of a code.
func (s *Server) passkeyStep(w http.ResponseWriter, r *http.Request) error {
	pending := s.readCookie(r, pendingName, secret.Signin)
	u, err := s.people.PendingSignin(r.Context(), pending)
	if err == nil {
		err = s.passkeys.CheckSecondFactor(r.Context(), u, s.browser(r), []byte(r.PostForm.Get("credential")))
	}
	var result account.SigninResult
	if err == nil {
		result, err = s.people.FinishSignInProven(r.Context(), pending, u.ID, s.visitor(w, r), s.signinCookie(r))
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return redirect(w, r, page.WithReturn("/signin", returnTo(r)))
	case err != nil:
		v, body := s.secondStepView(w, r)
		return s.again(w, r, v, body, err)
	}
	return s.afterSignin(w, r, result, returnTo(r))
}

func (s *Server) passkeysView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component, error) {
	keys, err := s.passkeys.List(r.Context(), in.User.ID)
	if err != nil {
		return nil, nil, err
	}
	v := s.personalView(w, r, in, "passkeys.title")
	return v, page.PasskeysPage(v, page.PasskeysView{
		Available: s.passkeys.Available(), NeedsPassword: s.people.NeedsPassword(in),
		Full: len(keys) >= authserver.MaxPasskeys, Keys: keys,
	}), nil
}

func (s *Server) showPasskeys(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, body, err := s.passkeysView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// passkeyOptions is asked by the script.
func (s *Server) passkeyOptions(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.people.AdmitSignin(r.Context(), s.visitor(w, r)); err != nil {
		return err
	}
	options, err := s.passkeys.BeginRegistration(r.Context(), &in.User, in.Digest)
	if err == nil {
		apierror.JSON(w, r, http.StatusOK, options)
	}
	return err
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	name := r.PostForm.Get("passkey_name")
	err := s.passkeys.Register(r.Context(), &in.User, in.Digest, name, []byte(r.PostForm.Get("credential")))
	if err == nil {
		return redirect(w, r, "/settings/passkeys?done=passkey-added")
	}
	v, body, viewErr := s.passkeysView(w, r, in)
	if viewErr != nil {
		return viewErr
	}
	return s.again(w, r, v, body, err, "passkey_name")
}

func (s *Server) onePasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, title string) (*page.View, *authserver.Passkey, error) {
	key, err := s.passkeys.Find(r.Context(), in.User.ID, mux.Vars(r)["id"])
	if err != nil {
		return nil, nil, err
	}
	v := s.personalView(w, r, in, title)
	v.Fields = map[string]string{"passkey_name": key.Name}
	return v, key, nil
}

func (s *Server) showPasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey.title")
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.PasskeyPage(v, key))
}

func (s *Server) renamePasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	refused := s.passkeys.Rename(r.Context(), in.User.ID, mux.Vars(r)["id"], r.PostForm.Get("seen"), r.PostForm.Get("passkey_name"))
	if refused != nil {
		v, key, err := s.onePasskey(w, r, in, "passkey.title")
		if err != nil {
			return err
		}
		return s.again(w, r, v, page.PasskeyPage(v, key), refused, "passkey_name")
	}
	return redirect(w, r, "/settings/passkeys?done=passkey-renamed")
}

func (s *Server) showPasskeyRemoval(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey_remove.title")
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page.PasskeyRemovePage(v, key, s.people.NeedsPassword(in)))
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, key, err := s.onePasskey(w, r, in, "passkey_remove.title")
	if err != nil {
		return err
	}
	if err = s.passkeys.Remove(r.Context(), in.User.ID, mux.Vars(r)["id"]); err != nil {
		return s.again(w, r, v, page.PasskeyRemovePage(v, key, s.people.NeedsPassword(in)), err)
	}
	return redirect(w, r, "/settings/passkeys?done=passkey-removed")
}

func (s *Server) exportPasskeys(ctx context.Context, in *authserver.Signin) (any, error) {
	found, err := s.passkeys.List(ctx, in.User.ID)
	return each(found, func(one authserver.Passkey) object {
		return object{
			"id": one.ID, "name": one.Name, "created_at": one.CreatedAt.UTC(), "last_used_at": one.UsedAt,
			"synced": one.BackedUp, "transports": append([]string{}, one.Transports...),
		}
	}), err
}
