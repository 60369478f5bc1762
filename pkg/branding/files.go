package branding

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed static
var static embed.FS

// Names of the files that pages of both services link to.
const (
	Style     = "app.css"
	DarkStyle = "dark.css" // over Style, where a page is dark
	Icon      = "icon.svg"
	Script    = "comfort.js"
	lightLogo = "logo-light.png" // of an instance that has one
	darkLogo  = "logo-dark.png"
)

// signPath is the outline of our sign, on a ground of 24 by 24.
const signPath = "M12 1a6 6 0 0 0-6 6c0 2.4 1.4 4.5 3.5 5.45L8 22h8l-1.5-9.55A6 6 0 0 0 12 1Zm0 3.5A2.5 2.5 0 1 1 12 9.5a2.5 2.5 0 0 1 0-5Z"

// Files returns the files that pages of both services link to, by name, in the
// colours of the instance. A folder is one file, of its parts in the order of their names.
func (b Branding) Files() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := fs.WalkDir(static, "static", func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := path.Base(at)
		if folder := path.Base(path.Dir(at)); folder != "static" {
			name = folder + path.Ext(at)
		}
		content, err := static.ReadFile(at)
		all[name] = append(all[name], Compact(name, content)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("branding: files: %w", err)
	}
	for name, content := range all {
		all[name] = b.coloured(name, content)
	}
	for name, logo := range map[string]*Logo{lightLogo: b.Logo, darkLogo: b.LogoDark} {
		if logo != nil {
			all[name] = logo.PNG
		}
	}
	return all, nil
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssBreak   = regexp.MustCompile(`\s*\n\s*`)
	// What our stylesheets never have within quotes.
	cssBlanks = strings.NewReplacer(" > ", ">", " { ", "{", " {", "{", "; } ", "}", "; }", "}", " } ", "}", " }", "}", "} ", "}", ": ", ":", "; ", ";", ", ", ",")
	// Indentation, and lines that are a comment. Our scripts have no string of several lines.
	scriptIndent = regexp.MustCompile("(?m)^[ \\t]*(//.*\n)?")
)

// Compact leaves out of a stylesheet or a script of ours what browsers do not read.
// Other files stay as they are.
func Compact(name string, content []byte) []byte {
	switch path.Ext(name) {
	case ".css":
		text := cssBreak.ReplaceAllString(cssComment.ReplaceAllString(string(content), ""), " ")
		return []byte(cssBlanks.Replace(text))
	case ".js":
		return scriptIndent.ReplaceAll(content, nil)
	}
	return content
}

// coloured is a file of ours in the colours of the instance.
func (b Branding) coloured(name string, content []byte) []byte {
	if b.Colours == nil {
		return content
	}
	switch name {
	case Style:
		return append(bytes.Clone(content), b.Colours.Light.css()...)
	case DarkStyle:
		return append(bytes.Clone(content), b.Colours.Dark.css()...)
	case Icon:
		return bytes.ReplaceAll(content, []byte(ownAccent), []byte(b.Colours.Light.Accent.String()))
	}
	return content
}

// ownAccent is the colour of the sign in the window's title bar.
const ownAccent = "#17615a"
