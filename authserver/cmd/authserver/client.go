package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/cli"
	"latchkey/pkg/secret"
)

const clientUsage = `usage: authserver client COMMAND

  create --name N [--redirect-uri U]... [--public|--confidential]
         [--auth-method none|client_secret_basic|client_secret_post]
         [--scope "read read_write"] [--refresh-overlap 10m] [--resource-server] [--id ID]
         [--localhost-ports] [--pushed-only] [--device] [--json]
  list [--json]
  show ID [--json]
  update ID [--name N] [--redirect-uri U]... [--scope S] [--refresh-overlap 10m]
         [--localhost-ports=BOOL] [--pushed-only=BOOL] [--device=BOOL] [--json]
  rotate-secret ID [--overlap 24h] [--json]
  logo ID --file PICTURE|--fetch|--remove [--json]
  delete ID [--yes] [--json]`

var clientCommand = cli.Group("authserver client", clientUsage, map[string]cli.Command{
	"create": clientCreate, "list": clientList, "show": clientShow, "update": clientUpdate,
	"rotate-secret": clientRotate, "logo": clientLogo, "delete": clientDelete,
})

// clientView is a client as the command line prints it.
type clientView struct {
	ID             string    `json:"client_id"`
	Secret         string    `json:"client_secret,omitempty"`
	Name           string    `json:"client_name"`
	AuthMethod     string    `json:"token_endpoint_auth_method"`
	RedirectURIs   []string  `json:"redirect_uris"`
	Scope          string    `json:"scope"`
	ResourceServer bool      `json:"resource_server"`
	RefreshOverlap int64     `json:"refresh_overlap"` // seconds
	CreatedAt      time.Time `json:"created_at"`
	Introduced     string    `json:"introduced,omitempty"` // how it came by itself: registration or document
	LocalhostPorts bool      `json:"localhost_ports,omitempty"`
	PushedOnly     bool      `json:"require_pushed_authorization_requests,omitempty"`
	DeviceGrant    bool      `json:"device_grant,omitempty"`
	LogoURI        string    `json:"logo_uri,omitempty"`
	Logo           string    `json:"logo,omitempty"` // path of the picture on this server
	LogoShown      bool      `json:"logo_shown,omitempty"`
}

func view(c *authserver.Client, made secret.Token) clientView {
	uris := c.RedirectURIs
	if uris == nil {
		uris = []string{}
	}
	v := clientView{
		ID: c.ID, Secret: made.Reveal(), Name: c.Name, AuthMethod: c.AuthMethod, RedirectURIs: uris,
		Scope: c.Scopes.String(), ResourceServer: c.ResourceServer, CreatedAt: c.CreatedAt,
		RefreshOverlap: int64(c.RefreshOverlap / time.Second),
		Introduced:     c.Introduced, LocalhostPorts: c.LocalhostPorts, PushedOnly: c.PushedOnly, DeviceGrant: c.DeviceGrant,
		LogoURI: c.LogoURI, LogoShown: c.ShownLogo() != "",
	}
	if c.Logo != "" {
		v.Logo = page.LogosPath + "/" + c.Logo
	}
	return v
}

func (v clientView) print(asJSON bool) error {
	if asJSON {
		return cli.PrintJSON(v)
	}
	fmt.Printf("client_id      %s\n", v.ID)
	if v.Secret != "" {
		fmt.Printf("client_secret  %s   (shown this once)\n", v.Secret)
	}
	fmt.Printf("name           %s\nauth method    %s\nscope          %s\n", v.Name, v.AuthMethod, v.Scope)
	for _, uri := range v.RedirectURIs {
		fmt.Printf("redirect URI   %s\n", uri)
	}
	if v.RefreshOverlap > 0 {
		fmt.Printf("overlap        %s: a used refresh token is answered although its successor is in use\n", time.Duration(v.RefreshOverlap)*time.Second)
	}
	for _, line := range []struct {
		on   bool
		text string
	}{
		{v.ResourceServer, "resource server: may introspect"},
		{v.Introduced != "", "introduced itself by " + v.Introduced + ": nobody vouches for it"},
		{v.LocalhostPorts, "localhost with any port counts as loopback"},
		{v.PushedOnly, "must push its authorization requests"},
		{v.DeviceGrant, "may use the device authorization grant"},
		{v.Logo != "" && v.LogoShown, "has a logo"},
		{v.Logo != "" && !v.LogoShown, "has a logo, which people see once an operator has verified it"},
	} {
		if line.on {
			fmt.Println(line.text)
		}
	}
	return nil
}

// switches are the flags of a client that are on or off.
func switches(fs *flag.FlagSet, r *registration.Request) {
	fs.BoolVar(&r.LocalhostPorts, "localhost-ports", false, "match http://localhost with any port, as loopback addresses are")
	fs.BoolVar(&r.PushedOnly, "pushed-only", false, "it must push its authorization requests (RFC 9126)")
	fs.BoolVar(&r.DeviceGrant, "device", false, "it may use the device authorization grant (RFC 8628)")
}

func clientCreate(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client create")
	var (
		r            registration.Request
		uris         cli.List
		public       = fs.Bool("public", false, "a client without a secret: a browser, desktop or mobile app")
		confidential = fs.Bool("confidential", false, "a client with a secret: a web server (the default)")
	)
	fs.StringVar(&r.Name, "name", "", "what people read on the consent page")
	fs.Var(&uris, "redirect-uri", "where people are sent back to; may be given more than once")
	fs.StringVar(&r.AuthMethod, "auth-method", "", "none, client_secret_basic or client_secret_post")
	fs.StringVar(&r.Scopes, "scope", "", "what it may ask for: read, read_write or both")
	fs.BoolVar(&r.ResourceServer, "resource-server", false, "allow it to introspect tokens")
	fs.DurationVar(&r.RefreshOverlap, "refresh-overlap", 0, "how long a used refresh token is answered although its successor is in use, at most 168h")
	fs.StringVar(&r.ID, "id", "", "client id; one is made when empty")
	switches(fs, &r)
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	r.RedirectURIs = uris
	switch {
	case *public && *confidential, *public && r.AuthMethod != "" && r.AuthMethod != authserver.AuthNone,
		*confidential && r.AuthMethod == authserver.AuthNone:
		return cli.UsageError("authserver client create: --public, --confidential and --auth-method contradict each other")
	case r.AuthMethod == "" && *public:
		r.AuthMethod = authserver.AuthNone
	case r.AuthMethod == "":
		r.AuthMethod = authserver.AuthBasic
	}
	return withParts(ctx, func(p *parts) error {
		c, made, err := p.registration.Create(ctx, r)
		if err != nil {
			return err
		}
		return view(c, made).print(*asJSON)
	})
}

func clientList(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client list")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		found, err := p.store.ListClients(ctx, "")
		if err != nil {
			return err
		}
		views := make([]clientView, 0, len(found))
		for _, c := range found {
			views = append(views, view(c, secret.Token{}))
		}
		if *asJSON {
			return cli.PrintJSON(views)
		}
		rows := make([][]string, len(views))
		for i, v := range views {
			rows[i] = []string{v.ID, v.AuthMethod, v.Name, strings.Join(v.RedirectURIs, " ")}
		}
		return cli.Table([]string{"ID", "AUTHENTICATION", "NAME", "REDIRECT URIS"}, rows)
	})
}

func clientShow(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client show")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		c, err := p.store.FindClient(ctx, rest[0])
		if err != nil {
			return fmt.Errorf("client %s: %w", rest[0], err)
		}
		return view(c, secret.Token{}).print(*asJSON)
	})
}

// clientUpdate changes what is given and leaves the rest as it is.
func clientUpdate(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client update")
	var (
		given registration.Request
		uris  cli.List
	)
	fs.StringVar(&given.Name, "name", "", "what people read on the consent page")
	fs.Var(&uris, "redirect-uri", "where people are sent back to, in the place of all before; may be given more than once")
	fs.StringVar(&given.Scopes, "scope", "", "what it may ask for: read, read_write or both")
	fs.DurationVar(&given.RefreshOverlap, "refresh-overlap", -1, "how long a used refresh token is answered although its successor is in use, at most 168h")
	switches(fs, &given)
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		c, err := p.store.FindClient(ctx, rest[0])
		if err != nil {
			return fmt.Errorf("client %s: %w", rest[0], err)
		}
		r := registration.Request{
			Name: c.Name, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes.String(), RefreshOverlap: c.RefreshOverlap,
			LocalhostPorts: c.LocalhostPorts, PushedOnly: c.PushedOnly, DeviceGrant: c.DeviceGrant,
		}
		fs.Visit(func(f *flag.Flag) {
			switch f.Name {
			case "name":
				r.Name = given.Name
			case "redirect-uri":
				r.RedirectURIs = uris
			case "scope":
				r.Scopes = given.Scopes
			case "refresh-overlap":
				r.RefreshOverlap = given.RefreshOverlap
			case "localhost-ports":
				r.LocalhostPorts = given.LocalhostPorts
			case "pushed-only":
				r.PushedOnly = given.PushedOnly
			case "device":
				r.DeviceGrant = given.DeviceGrant
			}
		})
		if c, err = p.registration.Change(ctx, c, r); err != nil {
			return err
		}
		return view(c, secret.Token{}).print(*asJSON)
	})
}

func clientRotate(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client rotate-secret")
	overlap := fs.Duration("overlap", 0, "how long the old secret is still accepted, at most 168h")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		made, err := p.registration.RotateSecret(ctx, rest[0], *overlap, "")
		if err != nil {
			return err
		}
		c, err := p.store.FindClient(ctx, rest[0])
		if err != nil {
			return err
		}
		return view(c, made).print(*asJSON)
	})
}

func clientDelete(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client delete")
	yes := cli.Yes(fs)
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		if err := cli.Confirm(*yes, "Whatever was issued to "+rest[0]+" works no more, for everybody who uses it."); err != nil {
			return err
		}
		if err := p.registration.Delete(ctx, rest[0]); err != nil {
			return err
		}
		if *asJSON {
			return cli.PrintJSON(map[string]any{"client_id": rest[0], "deleted": true})
		}
		fmt.Printf("deleted %s: everything issued to it is dead\n", rest[0])
		return nil
	})
}
