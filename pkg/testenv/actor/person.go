package actor

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
)

// The decisions on the consent page.
const (
	Allow = "allow"
	Deny  = "deny"
)

// Person is somebody with a browser who signs up, signs in and decides what an
// application may do, through the real pages.
type Person struct {
	Email    string
	Password string
	Browser  *Browser
}

// NewPerson returns a person nobody has seen before, with an empty browser.
func NewPerson(issuer string) *Person {
	return &Person{
		Email:    "person-" + strings.ToLower(rand.Text()[:12]) + "@example.com",
		Password: "Aa1!" + rand.Text(),
		Browser:  NewBrowser(issuer),
	}
}

// ElsewhereAs returns the same person at another browser, not signed in.
func (p *Person) ElsewhereAs(issuer string) *Person {
	return &Person{Email: p.Email, Password: p.Password, Browser: NewBrowser(issuer)}
}

// SignUp fills in the sign-up page. The page after it is returned.
func (p *Person) SignUp(ctx context.Context) (*Page, error) {
	page, err := p.Browser.Get(ctx, "/signup")
	if err != nil {
		return nil, err
	}
	return p.fillIn(ctx, page, "/signup")
}

// SignIn fills in the sign-in page. The page after it is returned.
func (p *Person) SignIn(ctx context.Context) (*Page, error) {
	page, err := p.Browser.Get(ctx, "/signin")
	if err != nil {
		return nil, err
	}
	return p.fillIn(ctx, page, "/signin")
}

func (p *Person) fillIn(ctx context.Context, page *Page, path string) (*Page, error) {
	form, err := page.Form("email", "password")
	if err != nil {
		return nil, err
	}
	form.Fill(map[string]string{
		"email": p.Email, "password": p.Password, "password_confirmation": p.Password,
		"first_name": "Ada", "last_name": "Lovelace", "name": "Ada Lovelace",
	})
	next, err := p.Browser.Submit(ctx, page, form, "", "")
	if err != nil {
		return nil, err
	}
	if next.Status >= 400 || next.URL.Path == path {
		return next, fmt.Errorf("actor: %s was refused: %d %.500s", path, next.Status, next.Text())
	}
	return next, nil
}

// Open follows an authorization request to the page where the person has to
// decide, signing in on the way where asked. When consent is remembered there
// is no such page: Left says where the browser was sent.
func (p *Person) Open(ctx context.Context, authorizeURL string) (*Page, error) {
	page, err := p.Browser.Get(ctx, authorizeURL)
	if err != nil {
		return nil, err
	}
	if page.Left == nil && page.URL.Path == "/signin" {
		return p.fillIn(ctx, page, "/signin")
	}
	return page, nil
}

// Decide follows an authorization request, presses the button for decision and
// returns the address of the application's callback the browser was sent to.
func (p *Person) Decide(ctx context.Context, authorizeURL, decision string) (*url.URL, error) {
	page, err := p.Open(ctx, authorizeURL)
	if err != nil || page.Left != nil {
		return left(page, err)
	}
	form, err := page.Form("decision")
	if err != nil {
		return nil, err
	}
	return left(p.Browser.Submit(ctx, page, form, "decision", decision))
}

func left(page *Page, err error) (*url.URL, error) {
	if err != nil {
		return nil, err
	}
	if page.Left == nil {
		return nil, fmt.Errorf("actor: the browser was not sent to the application: %s answered %d: %.500s",
			page.URL.Path, page.Status, page.Text())
	}
	return page.Left, nil
}
