package e2e

import (
	"net/http"

	"latchkey/pkg/testenv/described"
)

var authDescription = described.File("../../authserver/internal/api/openapi.yaml")

// described returns a client that holds what the authorization server says
// against its description.
func (w *world) described() *http.Client { return authDescription.Client(w.t) }
