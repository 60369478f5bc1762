package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/fault"
)

//go:embed static
var staticFiles embed.FS

type asset struct {
	sum     string
	content []byte
}

// assets are the embedded files by name. Each is served under a path that holds
// a checksum of its content, so browsers may keep it for ever.
type assets map[string]asset

func readAssets() (assets, error) {
	all := assets{}
	err := fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(name)
		sum := sha256.Sum256(content)
		all[path.Base(name)] = asset{sum: hex.EncodeToString(sum[:8]), content: content}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	return all, nil
}

// url is what pages link to.
func (a assets) url(name string) (string, error) {
	file, ok := a[name]
	if !ok {
		return "", fmt.Errorf("web: no asset %q", name)
	}
	return "/assets/" + file.sum + "/" + name, nil
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	file, ok := s.assets[name]
	if !ok || file.sum != mux.Vars(r)["sum"] {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(file.content))
	return nil
}
