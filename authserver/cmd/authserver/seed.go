package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/cli"
)

// seeded is what seed made, for a first look. The password is shown this once.
type seeded struct {
	FamilyID    string `json:"family_id"`
	UserID      string `json:"user_id"`
	Email       string `json:"email"`
	Password    string `json:"password"`
	ClientID    string `json:"client_id"`
	RedirectURI string `json:"redirect_uri"`
}

func seed(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver seed")
	email := fs.String("email", "demo@example.com", "address of the person to make")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		made, err := p.seed(ctx, *email)
		if err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(made)
		}
		fmt.Printf("A person to sign in as:  %s\nTheir password:          %s   (shown this once)\nTheir family:            %s\n"+
			"An application:          client_id %s, redirect URI %s\n", made.Email, made.Password, made.FamilyID, made.ClientID, made.RedirectURI)
		return nil
	})
}

// seed signs a person up by the rules everybody is signed up by, and registers
// a public application.
func (p *parts) seed(ctx context.Context, email string) (*seeded, error) {
	people, err := p.people()
	if err != nil {
		return nil, err
	}
	made := &seeded{Email: email, Password: "Demo-" + rand.Text()[:16] + "a1!", RedirectURI: "http://127.0.0.1:4711/callback"}
	in := account.Signup{Email: email, Password: made.Password, FirstName: "Demo"}
	u, err := people.SignUp(ctx, in, account.Visitor{Address: "127.0.0.1"},
		func(context.Context, *authserver.User) error { return nil })
	if err != nil {
		return nil, err
	}
	c, _, err := p.registration.Create(ctx, registration.Request{
		Name: "Demo application", AuthMethod: authserver.AuthNone, RedirectURIs: []string{made.RedirectURI},
	})
	if err != nil {
		return nil, err
	}
	made.FamilyID, made.UserID, made.ClientID = u.FamilyID, u.ID, c.ID
	return made, nil
}
