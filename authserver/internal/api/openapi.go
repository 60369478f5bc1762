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

// MountDescription adds the OpenAPI document of the server at issuer, and the
// page that shows it, to router.
func MountDescription(router *mux.Router, issuer string) error {
	documents, err := apidoc.New(openAPI, issuer)
	if err != nil {
		return err
	}
	documents.Mount(router, Render)
	return nil
}
