package page

import (
	"net/url"
	"strings"

	"github.com/a-h/templ"
)

// codesFile is the address of a text file with recovery codes: it holds them, so
// nothing has to be asked for again.
func (v *View) codesFile(codes []string) (templ.SafeURL, error) {
	head, err := v.t("recovery.file", v.site.host)
	if err != nil {
		return "", err
	}
	text := head + "\n\n" + strings.Join(codes, "\n") + "\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text)), nil
}
