package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
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
func readAssets(look Face) (assets, error) {
	all := assets{}
	err := fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(name)
		all.add(path.Base(name), look.coloured(path.Base(name), compact(name, content)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page: assets: %w", err)
	}
	for name, logo := range map[string]*Logo{logoAsset: look.Logo, darkLogoAsset: look.LogoDark} {
		if logo != nil {
			all.add(name, logo.PNG)
		}
	}
	return all, nil
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssBreak   = regexp.MustCompile(`\s*\n\s*`)
	// What our stylesheets never have within quotes.
	cssBlanks = strings.NewReplacer(" { ", "{", " {", "{", "; }", "}", " }", "}", ": ", ":", "; ", ";", ", ", ",")
)

// compact leaves out of a stylesheet of ours what browsers do not read.
func compact(name string, content []byte) []byte {
	if path.Ext(name) != ".css" {
		return content
	}
	text := cssBreak.ReplaceAllString(cssComment.ReplaceAllString(string(content), ""), " ")
	return []byte(cssBlanks.Replace(text))
}

func (a assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	a[name] = asset{sum: hex.EncodeToString(sum[:8]), content: content}
}

// Names of the pictures of an instance that has some.
const (
	logoAsset     = "logo-light.png"
	darkLogoAsset = "logo-dark.png"
)

// coloured is a file of ours in the colours of the instance.
func (f Face) coloured(name string, content []byte) []byte {
	if f.Colours == nil {
		return content
	}
	switch name {
	case "app.css":
		return append(bytes.Clone(content), f.Colours.Light.CSS()...)
	case "dark.css":
		return append(bytes.Clone(content), f.Colours.Dark.CSS()...)
	case "icon.svg":
		return bytes.ReplaceAll(content, []byte(ownAccent), []byte(f.Colours.Light.Accent.String()))
	}
	return content
}

// ownAccent is the colour of the sign in the window's title bar.
const ownAccent = "#17615a"

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
