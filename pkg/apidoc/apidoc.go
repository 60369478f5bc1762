// Package apidoc serves the OpenAPI description of an API to machines, as JSON, and to
// people, as pages: all routes with a search, and each route with samples of how to call
// it. The pages of both services have one look, and need no script.
package apidoc

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v4"

	"latchkey/pkg/branding"
)

// Service is whose API is described.
type Service string

// The services, as keys of texts.
const (
	AuthorizationServer Service = "service.auth"
	ResourceAPI         Service = "service.api"
)

// Paths of what Mount serves. Behind one origin /docs is the resource API's, and the
// pages of the authorization server are below it under a name of their own.
const (
	jsonPath = "/openapi.json"
	apiRoot  = "/docs"
	authRoot = "/docs/auth"
)

// Options are what is described, and how the pages look.
type Options struct {
	Description []byte  // OpenAPI 3.1 in YAML
	Service     Service // whose it is
	Server      string  // public address of the API, without a slash at its end
	Issuer      string  // of the authorization server: the way home
	APIURL      string  // public address of the resource API
	Branding    branding.Branding
}

// Documents are the description of an API and its pages.
type Documents struct {
	Options
	json    []byte
	found   *description
	samples map[*operation][]sample
	reads   map[*operation][]string // names in the environment that samples read
	files   map[string]file
	texts   map[string]map[string]string
	root    string
	example string // a first request
}

// file is one that pages link to, under its checksum.
type file struct {
	sum     string
	content []byte
}

//go:embed static
var static embed.FS

// Names of the files of these pages alone.
const (
	ownStyle  = "docs.css"
	ownScript = "docs.js"
)

// New reads a description. The server it names becomes opts.Server, as does {server} in
// info.x-example, a first request. The error says what of the description the pages
// cannot show.
func New(opts Options) (*Documents, error) {
	var document map[string]any
	if err := yaml.Unmarshal(opts.Description, &document); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	document["servers"] = []any{map[string]any{"url": opts.Server}}
	raw, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	found, err := describe(opts.Description)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	if opts.Branding.Name == "" {
		opts.Branding.Name = branding.DefaultName
	}
	d := &Documents{
		Options: opts, json: raw, found: found, root: apiRoot, samples: map[*operation][]sample{}, reads: map[*operation][]string{},
		example: strings.ReplaceAll(found.root.get("info", "x-example").str(), "{server}", opts.Server),
	}
	if opts.Service == AuthorizationServer {
		d.root = authRoot
	}
	for _, op := range found.byID {
		if op.Browser == "" {
			c := newCall(op, opts.Server)
			d.samples[op], d.reads[op] = c.samples(), c.variables
		}
	}
	if d.texts, err = readTexts(textFiles); err != nil {
		return nil, err
	}
	return d, d.readFiles()
}

// JSON returns the description.
func (d *Documents) JSON() []byte { return d.json }

func (d *Documents) readFiles() error {
	all, err := d.Branding.Files()
	if err != nil {
		return err
	}
	for _, name := range []string{ownStyle, ownScript} {
		content, err := static.ReadFile("static/" + name)
		if err != nil {
			return fmt.Errorf("apidoc: %w", err)
		}
		all[name] = branding.Compact(name, content)
	}
	d.files = make(map[string]file, len(all))
	for name, content := range all {
		sum := sha256.Sum256(content)
		d.files[name] = file{hex.EncodeToString(sum[:8]), content}
	}
	return nil
}

// oneOrigin reports whether both services are behind one origin.
func (d *Documents) oneOrigin() bool {
	a, errA := url.Parse(d.Issuer)
	b, errB := url.Parse(d.Server)
	return errA == nil && errB == nil && a.Scheme == b.Scheme && a.Host == b.Host
}

// secure reports whether the pages are served over https.
func (d *Documents) secure() bool { return strings.HasPrefix(d.Server, "https://") }
