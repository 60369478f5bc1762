package api

import _ "embed"

// openAPI describes this API; package apidoc serves it.
//
//go:embed openapi.yaml
var openAPI []byte
