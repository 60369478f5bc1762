package page

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
)

var breaks = strings.NewReplacer("@", "@<wbr>", ".", ".<wbr>")

// parted is text whose lines may end after "@" and dots, but no line is a last ".com".
func parted(text string) string {
	last := max(0, strings.LastIndexByte(text, '.'))
	return breaks.Replace(templ.EscapeString(text[:last])) + templ.EscapeString(text[last:])
}

// address draws one whose lines end where it is parted; what is copied is whole.
func address(text string) templ.Component { return written(parted(text)) }

// bdi does so with text of others, apart from the text around it.
func bdi(text string) templ.Component { return written("<bdi>" + parted(text) + "</bdi>") }

func written(markup string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, markup)
		return err
	})
}
