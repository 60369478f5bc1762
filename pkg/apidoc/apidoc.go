// Package apidoc serves the OpenAPI description of an API to machines, as JSON,
// and to people, as a page without scripts. Both are made once.
package apidoc

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"
	"go.yaml.in/yaml/v4"

	"latchkey/pkg/apierror"
	"latchkey/pkg/httpserver"
)

// Paths of what Routes serves.
const (
	JSONPath  = "/openapi.json"
	PagePath  = "/docs"
	StylePath = "/docs/docs.css"
)

//go:embed page.css
var pageCSS []byte

// Documents are the description of an API and its page.
type Documents struct {
	json, page []byte
}

// New reads an OpenAPI 3.1 description in YAML. The server it names becomes
// server, as does {server} in info.x-example, a first request. The page shows
// request bodies and schemas that are references into components; what is
// written in place, it does not.
func New(description []byte, server string) (*Documents, error) {
	var document map[string]any
	if err := yaml.Unmarshal(description, &document); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	document["servers"] = []any{map[string]any{"url": server}}
	raw, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	var d described
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	sections, err := d.sections()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page(contents{
		described: d, Paragraphs: strings.Split(strings.TrimSpace(d.Info.Description), "\n\n"),
		Example:  strings.ReplaceAll(d.Info.Example, "{server}", server),
		Sections: sections, Bodies: shown(d.Components.RequestBodies), Schemas: shown(d.Components.Schemas),
	}).Render(context.Background(), &b)
	if err != nil {
		return nil, fmt.Errorf("openapi page: %w", err)
	}
	return &Documents{json: raw, page: b.Bytes()}, nil
}

// JSON returns the description.
func (d *Documents) JSON() []byte { return d.json }

// Mount adds the documents to router, for scripts of any origin too. render
// answers with errors.
func (d *Documents) Mount(router *mux.Router, render httpserver.Renderer) {
	for path, h := range map[string]httpserver.Handler{
		JSONPath: fixed("application/json; charset=utf-8", d.json),
		PagePath: fixed("text/html; charset=utf-8", d.page, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
		StylePath: fixed("text/css; charset=utf-8", pageCSS),
	} {
		router.Handle(path, httpserver.CrossOriginDocument(httpserver.Handle(h, render), http.HandlerFunc(apierror.MethodNotAllowed)))
	}
}

// fixed answers with bytes that never change while the process runs.
func fixed(kind string, body []byte, headers ...string) httpserver.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		for i := 0; i+1 < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body) // the client may be gone
		return nil
	}
}
