// Package page is how the pages of the authorization server look: a template for
// each, the structs that handlers fill for them, their texts in every language,
// and the files they link to. It knows no handler and no use case.
//
// The Go code of the .templ files is written by make generate.
package page

import (
	"fmt"
	"io/fs"

	"latchkey/pkg/branding"
	"latchkey/pkg/fault"
	"latchkey/pkg/preference"
)

// Site is what all pages share.
type Site struct {
	host     string
	branding branding.Branding
	schemes  branding.Schemes
	texts    map[string]catalogue
	assets   assets
	places   Places // nil: none is known
}

// New reads the texts of every language and the files that pages link to. host
// is the server's own, for the footer.
func New(host string, look branding.Branding) (*Site, error) { return newSite(host, look, textFiles) }

// FileName is what names of files that people download begin with.
func (s *Site) FileName() string { return s.branding.FileName() }

func newSite(host string, look branding.Branding, files fs.FS) (*Site, error) {
	if look.Name == "" {
		look.Name = branding.DefaultName
	}
	texts, err := readCatalogues(files)
	if err != nil {
		return nil, err
	}
	static, err := readAssets(look)
	if err != nil {
		return nil, err
	}
	schemes, err := look.Schemes()
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	static.add(lookStyle, append(static[lookStyle].content, schemes.Style...))
	return &Site{host: host, branding: look, schemes: schemes, texts: texts, assets: static}, nil
}

// View is a page in a language of Language, without anything on it.
func (s *Site) View(language, title string, args ...any) *View {
	return &View{Language: language, Title: title, TitleArgs: args, site: s, texts: s.texts[language]}
}

// Language picks the first language of an Accept-Language header that there are
// texts in, or the default one.
func (s *Site) Language(accept string) string {
	found := preference.Language(accept, func(language string) bool {
		_, ok := s.texts[language]
		return ok
	})
	if found == "" {
		return defaultLanguage
	}
	return found
}

// Speaks reports whether there are texts in the language.
func (s *Site) Speaks(language string) bool { return s.texts[language] != nil }

// Say translates a sentence that was written in English elsewhere; one that has
// no translation comes back as it is.
func (s *Site) Say(language, sentence string) string { return s.texts[language].say(sentence) }

// SayFault translates what f says, with when to try again if f knows.
func (s *Site) SayFault(language string, f *fault.Error) string { return s.texts[language].sayFault(f) }
