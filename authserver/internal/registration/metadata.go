package registration

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/authserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/spelling"
)

// MetadataError refuses what a client says of itself (RFC 7591 section 3.2.2).
type MetadataError struct{ Code, Description string }

// Error says what is wrong.
func (e *MetadataError) Error() string { return "registration: " + e.Code + ": " + e.Description }

func badMetadata(description string) error {
	return &MetadataError{Code: "invalid_client_metadata", Description: description}
}

// Metadata is what a client says of itself (RFC 7591 section 2), by itself or in a
// document. Members that mean nothing here are ignored; null is as if left out.
type Metadata struct {
	members map[string]json.RawMessage
	err     error // of the first member of a wrong type
}

// ParseMetadata reads a JSON object.
func ParseMetadata(raw []byte) (*Metadata, error) {
	m := &Metadata{}
	if !utf8.Valid(raw) || json.Unmarshal(raw, &m.members) != nil || m.members == nil {
		return nil, badMetadata("The metadata must be a JSON object in UTF-8.")
	}
	for name, value := range m.members {
		if string(value) == "null" {
			delete(m.members, name)
		}
	}
	return m, nil
}

// Has reports whether the member was sent with a value.
func (m *Metadata) Has(member string) bool { return m.members[member] != nil }

// Text returns a member that is a string; "" when it was not sent.
func (m *Metadata) Text(member string) string { return read[string](m, member, "a string") }

func (m *Metadata) list(member string) []string {
	return read[[]string](m, member, "a list of strings")
}

func (m *Metadata) flag(member string) bool { return read[bool](m, member, "true or false") }

func read[T any](m *Metadata, member, kind string) (value T) {
	raw, sent := m.members[member]
	if sent && json.Unmarshal(raw, &value) != nil && m.err == nil {
		m.err = badMetadata("The member " + member + " must be " + kind + ".")
	}
	return value
}

const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	// GrantDevice is the grant type of RFC 8628.
	GrantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

// Client returns the client that m describes, without an id. What is unknown is
// left out rather than refused, so that a client that could do more elsewhere can do
// what is possible here. Errors: *MetadataError, which names members that are nearly
// one of ours.
func (m *Metadata) Client(schemes []string) (*authserver.Client, error) {
	c, err := m.client(schemes)
	if refused, ok := errors.AsType[*MetadataError](err); ok {
		for _, name := range slices.Sorted(maps.Keys(m.members)) {
			if meant, near := spelling.Nearest(name, memberNames); near && meant != name && !slices.Contains(memberNames, name) {
				refused.Description += " " + name + " is not known here: " + meant + " is."
			}
		}
	}
	return c, err
}

// memberNames are the members that mean something here.
var memberNames = []string{
	"client_name", "redirect_uris", "scope", "grant_types", "response_types", "token_endpoint_auth_method", "token_endpoint_auth_methods_supported",
	"require_pushed_authorization_requests", "jwks", "jwks_uri", "logo_uri",
}

func (m *Metadata) client(schemes []string) (*authserver.Client, error) {
	grants, err := m.grantTypes()
	if err != nil {
		return nil, err
	}
	c := &authserver.Client{
		Name: m.name(), RedirectURIs: m.list("redirect_uris"), Scopes: m.scopes(), Keys: m.keys(),
		PushedOnly: m.flag("require_pushed_authorization_requests"), DeviceGrant: slices.Contains(grants, GrantDevice),
		LogoURI: m.logoURI(),
	}
	if c.AuthMethod, err = m.authMethod(); err != nil {
		return nil, err
	}
	if m.err != nil {
		return nil, m.err
	}
	if m.Has("jwks") && m.Has("jwks_uri") { // RFC 7591 section 2
		return nil, badMetadata("The members jwks and jwks_uri exclude each other.")
	}
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	if err := checkRedirects(c, slices.Contains(grants, grantCode), schemes); err != nil {
		return nil, err
	}
	if c.Name == "" {
		c.Name = nameOf(c)
	}
	return c, nil
}

func (m *Metadata) name() string { return strings.TrimSpace(m.Text("client_name")) }

func checkName(name string) error {
	if utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, control) {
		return badMetadata("The client_name must have at most 100 characters and no control characters.")
	}
	return nil
}

// nameOf names a client that gave itself no name.
func nameOf(c *authserver.Client) string {
	if len(c.RedirectURIs) > 0 {
		if u, err := url.Parse(c.RedirectURIs[0]); err == nil {
			if u.Scheme != "https" && u.Scheme != "http" {
				return u.Scheme
			}
			return strings.ToLower(u.Hostname())
		}
	}
	return "Unnamed application"
}

func (m *Metadata) grantTypes() ([]string, error) {
	given := m.list("grant_types")
	if !m.Has("grant_types") {
		given = []string{grantCode}
	}
	var known []string
	for _, name := range []string{grantCode, GrantDevice} {
		if slices.Contains(given, name) {
			known = append(known, name)
		}
	}
	types := m.list("response_types")
	switch {
	case m.err != nil:
		return nil, m.err
	case len(known) == 0:
		return nil, badMetadata("The grant_types must name authorization_code or the device code grant.")
	case m.Has("response_types") && slices.Contains(known, grantCode) && !slices.Contains(types, "code"):
		return nil, badMetadata("The response_types must name code.")
	}
	return known, nil
}

// AuthMethods are the methods that the client offers; one that says nothing, and
// has no secret from us, offers none.
func (m *Metadata) AuthMethods() []string {
	asked, offered := m.Text("token_endpoint_auth_method"), m.list("token_endpoint_auth_methods_supported")
	if asked == "" && len(offered) == 0 {
		return []string{authserver.AuthNone}
	}
	return append(offered, asked)
}

// authMethod chooses among the methods that the client can do. One that offers none
// of ours gets a secret, and the answer says so.
func (m *Metadata) authMethod() (string, error) {
	asked := m.Text("token_endpoint_auth_method")
	offered := m.list("token_endpoint_auth_methods_supported")
	if m.err != nil {
		return "", m.err
	}
	for _, method := range append([]string{asked}, offered...) {
		switch method {
		case authserver.AuthNone, authserver.AuthBasic, authserver.AuthPost:
			return method, nil
		}
	}
	return authserver.AuthBasic, nil
}

// scopes are those that we have; a client that names none of ours, or none, may ask
// for all.
func (m *Metadata) scopes() scope.Set {
	var known scope.Set
	for name := range strings.FieldsSeq(m.Text("scope")) {
		if one, err := scope.Parse(name); err == nil {
			known |= one
		}
	}
	if known == 0 {
		return scope.All
	}
	return known
}

// keys is the digest of what the client proves itself with, if it says so.
func (m *Metadata) keys() string {
	if !m.Has("jwks") && !m.Has("jwks_uri") {
		return ""
	}
	sum := sha256.Sum256(append(append([]byte{}, m.members["jwks"]...), m.members["jwks_uri"]...))
	return hex.EncodeToString(sum[:])
}

// maxLogoURI is the longest address of a logo, in bytes.
const maxLogoURI = 2048

// logoURI is the address of the client's logo. One that we would not fetch is left out:
// a client can live without.
func (m *Metadata) logoURI() string {
	text := m.Text("logo_uri")
	u, err := url.Parse(text)
	if err != nil || len(text) > maxLogoURI || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return text
}

func checkRedirects(c *authserver.Client, needed bool, schemes []string) error {
	refuse := func(sentence string) error {
		return &MetadataError{Code: "invalid_redirect_uri", Description: sentence}
	}
	if needed && len(c.RedirectURIs) == 0 {
		return refuse("The redirect_uris must name at least one address.")
	}
	if len(c.RedirectURIs) > MaxRedirectURIs {
		return refuse("There can be at most 20 redirect_uris.")
	}
	for _, uri := range c.RedirectURIs {
		if err := authserver.CheckRedirectURI(uri, schemes...); err != nil {
			return refuse(message(err))
		}
	}
	return nil
}

// unusual characters are in no client id: Basic authentication has no place for
// a colon.
func unusual(r rune) bool { return r <= ' ' || r > '~' || r == ':' }

func control(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
