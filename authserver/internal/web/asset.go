package web

import (
	"bytes"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/fault"
)

// serveAsset answers with a file that pages link to. Its address changes with its
// content, so browsers may keep it for ever.
func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	content, ok := s.site.Asset(mux.Vars(r)["sum"], name)
	if !ok {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	return nil
}
