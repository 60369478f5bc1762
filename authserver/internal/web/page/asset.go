package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"

	"latchkey/pkg/branding"
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

// readAssets reads the embedded files, and makes what depends on how the instance
// looks.
func readAssets(look branding.Branding) (assets, error) {
	all := assets{}
	shared, err := look.Files()
	if err != nil {
		return nil, fmt.Errorf("page: assets: %w", err)
	}
	for name, content := range shared {
		all.add(name, content)
	}
	err = fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(name)
		all.add(path.Base(name), branding.Compact(name, content))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page: assets: %w", err)
	}
	return all, nil
}

func (a assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	a[name] = asset{sum: hex.EncodeToString(sum[:8]), content: content}
}

// url is what pages link to.
func (a assets) url(name string) (string, error) {
	file, ok := a[name]
	if !ok {
		return "", fmt.Errorf("page: no asset %q", name)
	}
	return "/assets/" + file.sum + "/" + name, nil
}

// Asset returns the file that sum and name in a link of a page stand for.
func (s *Site) Asset(sum, name string) (content []byte, ok bool) {
	file, ok := s.assets[name]
	if !ok || file.sum != sum {
		return nil, false
	}
	return file.content, true
}
