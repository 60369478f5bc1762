package web

import (
	"strings"

	"github.com/gorilla/mux"

	"latchkey/authserver/internal/web/page"
)

// route is one page. The types of its handlers say whom it is for: anyone, a
// person who is signed in, the owner of the client or of the key in its path.
type route struct {
	path    string
	get     handler      // and HEAD; nil: only our own script asks, and gets JSON
	post    handler      // after CheckForm, always; nil: not allowed
	confirm confirmation // what post asks for, beside the sign-in
	picture refusing     // post may bring a picture; how it is refused. nil: it brings none
	again   anyone       // the form again, filled, when its page had expired; nil: as stale does
}

// confirmation is what a form must prove again. Package account says what counts
// as a proof. freshSignin is asked for here, before the form's handler; for the
// others the handler's use case asks.
type confirmation string

const (
	freshSignin     confirmation = "a sign-in of the last ten minutes, or the password"
	currentPassword confirmation = "the current password, or a fresh sign-in of somebody without one"
	secondFactor    confirmation = "a code of the second factor"
)

// routes is every page there is. Of two paths that fit a request, the first
// answers it.
func (s *Server) routes() []route {
	all := append(s.entryRoutes(), s.settingsRoutes()...)
	all = append(all, s.developerRoutes()...)
	if s.devices != nil {
		all = append(all, route{path: "/device", get: person(s.showDevice), post: person(s.device)})
	}
	if s.keys != nil {
		all = append(all, s.keyRoutes()...)
	}
	if s.sso != nil {
		all = append(all, s.providerRoutes()...)
	}
	if s.operator != nil {
		all = append(all, s.operatorRoutes()...)
	}
	return all
}

// entryRoutes are the pages for people who are not signed in yet.
func (s *Server) entryRoutes() []route {
	return []route{
		{path: "/", get: anyone(s.landing)},
		{path: "/assets/{sum}/{name}", get: anyone(s.serveAsset)},
		{path: page.LogosPath + "/{sum}", get: anyone(s.serveLogo)},
		{path: page.PreferencesPath, get: anyone(s.showPreferences), post: anyone(s.savePreferences)},
		{path: "/signup", get: anyone(s.showSignup), post: anyone(s.signup), again: s.signupAgain},
		{path: "/join", get: anyone(s.join)},
		{path: "/signin", get: anyone(s.showSignin), post: anyone(s.signin), again: s.signinAgain},
		{path: "/signin/passkey", get: anyone(s.toSignin), post: anyone(s.passkeySignin), again: s.signinAgain},
		{path: "/signin/passkey/options", post: anyone(s.passkeySigninOptions)},
		{path: "/signin/second-factor", get: anyone(s.showSecondStep), post: anyone(s.secondStep), again: s.secondStepAgain},
		{path: "/signin/second-factor/passkey", get: anyone(s.toSignin), post: anyone(s.passkeyStep), again: s.secondStepAgain},
		{path: "/signin/second-factor/passkey/options", post: anyone(s.passkeyStepOptions)},
		{path: "/signout", get: anyone(s.showSignout), post: anyone(s.signout)},
		{path: "/forgot", get: anyone(s.showForgot), post: anyone(s.forgot), again: s.forgotAgain},
		{path: "/reset", get: anyone(s.showReset), post: anyone(s.reset), again: s.resetAgain},
		{path: "/confirm", get: anyone(s.showConfirmOwn), post: anyone(s.confirmOwn), again: s.confirmOwnAgain},
		{path: "/deletion", get: anyone(s.showGone)},
		{path: "/restore", get: anyone(s.showRestore), post: anyone(s.restore), again: s.restoreAgain},
	}
}

// settingsRoutes are the pages of a person's own account and family.
func (s *Server) settingsRoutes() []route {
	return []route{
		{path: "/settings/account", get: person(s.showProfile), post: person(s.changeProfile)},
		{path: "/settings/email", get: person(s.showEmail), post: person(s.changeEmail), confirm: currentPassword},
		{path: "/settings/email/confirmation", get: person(s.showConfirmation), post: person(s.sendConfirmation)},
		{path: "/settings/email/confirm", get: person(s.showConfirmEmail), post: person(s.confirmEmail)},
		{path: "/settings/export", get: person(s.showExport), post: person(s.export), confirm: freshSignin},
		{path: "/settings/delete", get: person(s.showDelete), post: person(s.deleteAccount), confirm: currentPassword},
		{path: "/settings/security", get: person(s.security)},
		{path: "/settings/password", get: person(s.showPassword), post: person(s.changePassword), confirm: currentPassword},
		{path: "/settings/second-factor", get: person(s.showSecondFactor), post: person(s.confirmSecondFactor), confirm: freshSignin},
		{path: "/settings/second-factor/off", get: person(s.showDisable), post: person(s.disableSecondFactor), confirm: currentPassword},
		{path: "/settings/second-factor/recovery", get: person(s.showRenewCodes), post: person(s.renewCodes), confirm: secondFactor},
		{path: "/settings/passkeys", get: person(s.showPasskeys), post: person(s.addPasskey), confirm: freshSignin},
		{path: "/settings/passkeys/options", post: person(s.passkeyOptions), confirm: freshSignin},
		{path: "/settings/passkeys/{id}", get: person(s.showPasskey), post: person(s.renamePasskey)},
		{path: "/settings/passkeys/{id}/remove", get: person(s.showPasskeyRemoval), post: person(s.removePasskey), confirm: freshSignin},
		{path: keepPath, get: person(s.showKeep), post: person(s.keep), confirm: freshSignin},
		{path: reviewPath, get: person(s.showReview), post: person(s.review), confirm: freshSignin},
		{path: "/settings/signins", get: person(s.showSignins), post: person(s.endSignins)},
		{path: "/settings/signins/others", get: person(s.askEndOthers)},
		{path: "/settings/signins/{id}", get: person(s.askEndSignin)},
		{path: "/settings/signins/{id}/recognise", get: person(s.askRecognise), post: person(s.recognise), confirm: freshSignin},
		{path: "/settings/signins/devices/{id}", get: person(s.askEndDevice)},
		{path: page.ActivityPath, get: person(s.showActivity)},
		{path: page.ActivityPath + ".csv", get: person(s.activityFile)},
		{path: page.ActivityPath + "/not-me", get: person(s.showNotMe)},
		{path: "/settings/family", get: person(s.showFamily), post: person(s.changeFamily)},
		{path: "/settings/family/{id}/remove", get: person(s.showRemoval)},
		{path: "/settings/family/invitations/{id}", get: person(s.askWithdraw)},
		{path: "/settings/family/time-zone", get: person(s.showTimeZone), post: person(s.changeTimeZone)},
		{path: "/settings/applications", get: person(s.showApplications), post: person(s.revokeApplication)},
		{path: page.ApplicationPath, get: person(s.showApplication), post: person(s.revokeApplication)},
		{path: page.ApplicationPath + "/remove", get: person(s.askRevokeApplication)},
		{path: page.ApplicationPath + "/end", get: person(s.askEndInstallation)},
	}
}

// developerRoutes are the pages of the applications a person develops.
func (s *Server) developerRoutes() []route {
	const list, one = page.ClientsPath, page.ClientsPath + "/{client}"
	return []route{
		{path: list, get: person(s.showClients), post: person(s.noForm)},
		{path: list + "/new", get: person(s.showNewClient), post: person(s.createClient), confirm: freshSignin},
		{path: one, get: clientOwner(s.showClient), post: clientOwner(s.changeClient), confirm: freshSignin},
		{path: one + "/program", get: clientOwner(s.showProgram)},
		{path: one + "/try", get: clientOwner(s.showTestRun), post: clientOwner(s.testRun), confirm: freshSignin},
		{path: one + "/rotate", get: clientOwner(s.showRotation), post: clientOwner(s.rotateClient), confirm: freshSignin},
		{path: one + "/logo", get: clientOwner(s.showLogo), post: clientOwner(s.changeLogo), confirm: freshSignin, picture: s.refuseLogo},
		{path: one + "/logo/remove", get: clientOwner(s.askRemoveLogo)},
		{path: one + "/delete", get: clientOwner(s.showDeletion), post: clientOwner(s.deleteClient), confirm: freshSignin},
	}
}

// keyRoutes are the pages of API keys.
func (s *Server) keyRoutes() []route {
	const list, one = page.KeysPath, page.KeysPath + "/{key}"
	return []route{
		{path: list, get: person(s.showKeys), post: person(s.createKey), confirm: freshSignin},
		{path: list + "/new", get: person(s.showNewKey), post: person(s.createKey), confirm: freshSignin},
		{path: one, get: keyOwner(s.showKey), post: person(s.noForm)},
		{path: one + "/rotate", get: keyOwner(s.showKeyRotation), post: keyOwner(s.rotateKey), confirm: freshSignin},
		{path: one + "/revoke", get: keyOwner(s.showKeyRevocation), post: keyOwner(s.revokeKey), confirm: freshSignin},
	}
}

// providerRoutes are the web legs of single sign-on (docs/contract.md, "Single
// sign-on"). A form at /auth/{provider} that connects an account asks for a
// fresh sign-in too.
func (s *Server) providerRoutes() []route {
	return []route{
		{path: "/auth/finish", get: anyone(s.showUnlinked), post: anyone(s.link), again: s.linkExpired},
		{path: "/auth/mobile/second-factor", get: anyone(s.showAppFactor), post: anyone(s.appFactor), again: s.appFactorAgain},
		{path: "/auth/mobile/{provider}", get: anyone(s.appSignin)},
		{path: "/auth/{provider}/callback", get: anyone(s.ssoCallback)},
		{path: "/auth/{provider}", get: anyone(s.ssoSignin), post: anyone(s.ssoForm)},
		{path: identitiesPath, get: person(s.showIdentities), post: person(s.dropIdentity), confirm: freshSignin},
		{path: identitiesPath + "/{id}", get: person(s.askDropIdentity)},
	}
}

// Mount adds the pages to router.
func (s *Server) Mount(router *mux.Router) {
	for _, one := range s.routes() {
		handler := s.answer(one)
		if strings.HasPrefix(one.path, "/operator") {
			handler = s.readable(handler)
		}
		router.Handle(one.path, handler)
	}
	s.mountWellKnown(router)
}
