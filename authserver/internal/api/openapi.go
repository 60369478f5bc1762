package api

import (
	_ "embed"

	"github.com/gorilla/mux"

	"latchkey/pkg/apidoc"
)

// openAPI describes the OAuth endpoints and this API; package apidoc serves it.
//
//go:embed openapi.yaml
var openAPI []byte

// MountDescription adds the OpenAPI document of the server, and the pages that show it,
// to router. opts says how they look, and where both services are.
func MountDescription(router *mux.Router, opts apidoc.Options) error {
	opts.Description, opts.Service, opts.Server = openAPI, apidoc.AuthorizationServer, opts.Issuer
	documents, err := apidoc.New(opts)
	if err != nil {
		return err
	}
	documents.Mount(router, Render)
	return nil
}
