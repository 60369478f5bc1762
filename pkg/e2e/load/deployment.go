package load

import (
	"context"
	"errors"
	"strings"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

// Deployment is both services, in replicas behind one origin.
type Deployment struct {
	*Origin

	Auths, APIs []*process.Process

	stack *stack.Stack
}

// unlimited leaves out what holds one address, person or application back: few of
// each make all the load. Passwords cost what they do by default.
var unlimited = process.Env{
	"AUTH_THROTTLE_SIGNIN": "off", "AUTH_THROTTLE_SIGNIN_ADDRESS": "off", "AUTH_THROTTLE_SIGNUP": "off", "AUTH_THROTTLE_TOKEN": "off",
	"AUTH_GRANT_LIMIT": "0", "AUTH_CODE_LIMIT": "0", "AUTH_CODES_PER_MINUTE": "0", "AUTH_REFRESHES_PER_MINUTE": "0",
	"AUTH_LOG_LEVEL": "warn", "AUTH_TRUSTED_PROXIES": "127.0.0.1",
}

// Start launches n replicas of each service on the engines of setup.
func Start(ctx context.Context, setup stack.Setup, n int) (*Deployment, error) {
	d := &Deployment{}
	if err := d.start(ctx, setup, n); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Deployment) start(ctx context.Context, setup stack.Setup, n int) error {
	first, err := process.FreeAddr()
	if err != nil {
		return err
	}
	if d.Origin, err = newOrigin(); err != nil {
		return err
	}
	d.addAuth(first)
	setup.AuthEnv = unlimited.With(process.Env{"AUTH_ADDR": first, "AUTH_ISSUER": d.URL, "AUTH_API_URL": d.URL}).With(setup.AuthEnv)
	setup.APIEnv = process.Env{
		"API_URL": d.URL, "API_INTROSPECTION_URL": d.Internal + "/oauth/introspect",
		"API_RATE_LIMIT_OAUTH": "0", "API_LOG_LEVEL": "warn", "API_TRUSTED_PROXIES": "127.0.0.1",
	}.With(setup.APIEnv)
	setup.Replicas = n
	if d.stack, err = stack.Launch(ctx, setup); err != nil {
		return err
	}
	d.Auths, d.APIs = []*process.Process{d.stack.Auth}, d.stack.APIs
	for _, api := range d.APIs {
		d.addAPI(strings.TrimPrefix(api.URL, "http://"))
	}
	for range n - 1 {
		auth, err := d.stack.AddAuth(ctx, nil)
		if err != nil {
			return err
		}
		d.Auths = append(d.Auths, auth)
		d.addAuth(strings.TrimPrefix(auth.URL, "http://"))
	}
	d.look(ctx) // the first was looked at before it was there
	return nil
}

// Close ends everything that Start began.
func (d *Deployment) Close() error {
	for _, p := range append(append([]*process.Process{}, d.Auths...), d.APIs...) {
		p.Thaw()
		p.Kill()
	}
	var err error
	if d.stack != nil {
		err = d.stack.Close()
	}
	if d.Origin != nil {
		d.Origin.Close()
	}
	return err
}

// Binaries are the programs that run.
func (d *Deployment) Binaries() stack.Binaries { return d.stack.Binaries }

// Logs returns what every replica has written since it last started.
func (d *Deployment) Logs() string {
	all := ""
	for _, p := range append(append([]*process.Process{}, d.Auths...), d.APIs...) {
		all += p.Log()
	}
	return all
}
