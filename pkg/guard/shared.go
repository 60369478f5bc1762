package guard

import (
	"net/http"
	"strings"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// AdmitShared lets a request through to h if it brings, as a Bearer token, the
// secret that two services of one operator share. All others are
// fault.Unauthenticated with message.
func AdmitShared(known secret.Digest, message string, h httpserver.Handler) httpserver.Handler {
	refusal := ruleShared.refuse(message)
	return func(w http.ResponseWriter, r *http.Request) error {
		scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !secret.DigestOf(strings.TrimSpace(text)).Equal(known) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="internal"`)
			noteRefusal(r.Context(), refusal)
			return refusal
		}
		httpserver.Adopt(r)
		return h(w, r)
	}
}
