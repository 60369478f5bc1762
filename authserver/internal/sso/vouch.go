package sso

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"latchkey/authserver"
)

// voucher is what a provider says about a person, after it was checked.
type voucher struct {
	subject       string
	email         string // normalized; "": none that could be one
	emailVerified bool
	firstName     string
	lastName      string
}

type claims struct {
	Email      string  `json:"email"`
	Verified   boolish `json:"email_verified"`
	GivenName  string  `json:"given_name"`
	FamilyName string  `json:"family_name"`
	Name       string  `json:"name"`
	AZP        string  `json:"azp"`
}

// boolish reads true and "true": some providers send text. Anything else is false.
type boolish bool

// UnmarshalJSON implements json.Unmarshaler.
func (b *boolish) UnmarshalJSON(raw []byte) error {
	*b = string(raw) == "true" || string(raw) == `"true"`
	return nil
}

const maxSubject = 255 // characters of ASCII (OpenID Connect Core section 2)

// vouch redeems the code a browser came back with and checks all that the
// provider says. Errors: errUnavailable, errResponse, errDenied.
func (u *upstream) vouch(ctx context.Context, e *endpoints, code, verifier, nonce string) (*voucher, error) {
	ctx = u.context(ctx)
	token, err := e.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, refusedExchange(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errResponse.WithCause(errors.New("sso: no ID token"))
	}
	var unreachable error
	id, err := e.verifier.Verify(context.WithValue(ctx, outageKey{}, &unreachable), raw)
	switch {
	case unreachable != nil:
		return nil, errUnavailable.WithCause(shorten("keys", unreachable))
	case err != nil:
		return nil, errResponse.WithCause(shorten("ID token", err))
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return nil, errResponse.WithCause(errors.New("sso: the nonce is another one"))
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		return nil, errResponse.WithCause(errors.New("sso: the ID token belongs to another access token"))
	case !saneSubject(id.Subject):
		return nil, errResponse.WithCause(errors.New("sso: the subject is none"))
	case id.IssuedAt.After(u.now().Add(clockDrift)):
		return nil, errResponse.WithCause(errors.New("sso: the ID token is from the future"))
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return nil, errResponse.WithCause(shorten("claims", err))
	}
	if c.AZP != "" && c.AZP != u.ClientID || c.AZP == "" && len(id.Audience) > 1 {
		return nil, errResponse.WithCause(errors.New("sso: the ID token was issued to another client"))
	}
	if c.Email == "" && e.userinfo {
		if err := u.userinfo(ctx, e, token, id.Subject, &c); err != nil {
			return nil, err
		}
	}
	return c.voucher(id.Subject), nil
}

const clockDrift = 5 * time.Minute // a provider may be ahead

// refusedExchange tells a provider that is away from one that refuses the code
// and one that does not make sense.
func refusedExchange(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case isOutage(err):
		return errUnavailable.WithCause(shorten("token endpoint", err))
	case ok && refused.Response != nil && refused.ErrorCode != "":
		return errDenied.WithCause(fmt.Errorf("sso: token endpoint: %d %.40q", refused.Response.StatusCode, refused.ErrorCode))
	case ok && refused.Response != nil:
		return errResponse.WithCause(fmt.Errorf("sso: token endpoint answered %d", refused.Response.StatusCode))
	}
	return errResponse.WithCause(shorten("token endpoint", err))
}

// userinfo asks for what the ID token does not say. The answer must be about the
// same person (OpenID Connect Core section 5.3.2).
func (u *upstream) userinfo(ctx context.Context, e *endpoints, token *oauth2.Token, subject string, c *claims) error {
	info, err := e.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	switch {
	case isOutage(err):
		return errUnavailable.WithCause(shorten("userinfo", err))
	case err != nil:
		return errResponse.WithCause(shorten("userinfo", err))
	case info.Subject != subject:
		return errResponse.WithCause(errors.New("sso: userinfo is about somebody else"))
	}
	azp := c.AZP
	if err := info.Claims(c); err != nil {
		return errResponse.WithCause(shorten("userinfo", err))
	}
	c.AZP = azp
	return nil
}

// saneSubject accepts what the standard allows, and what our tables can hold.
func saneSubject(subject string) bool {
	return subject != "" && len(subject) <= maxSubject &&
		!strings.ContainsFunc(subject, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) })
}

func (c *claims) voucher(subject string) *voucher {
	v := &voucher{subject: subject, email: authserver.NormalizeEmail(c.Email)}
	if len(authserver.CheckEmail(v.email)) > 0 {
		v.email = ""
	}
	v.emailVerified = v.email != "" && bool(c.Verified)
	v.firstName, v.lastName = name("first_name", c.GivenName), name("last_name", c.FamilyName)
	if v.firstName == "" && v.lastName == "" {
		if words := strings.Fields(c.Name); len(words) > 0 {
			v.firstName, v.lastName = name("first_name", words[0]), name("last_name", strings.Join(words[1:], " "))
		}
	}
	return v
}

// name returns a name we would accept on a form, or "".
func name(field, text string) string {
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || len(authserver.CheckName(field, text)) > 0 {
		return ""
	}
	return text
}

// inDomains reports whether a verified address is in one of the domains.
func inDomains(email string, domains []string) bool {
	_, domain, ok := strings.Cut(email, "@")
	return ok && slices.Contains(domains, domain)
}
