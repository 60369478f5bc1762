package oauth

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxForm is the largest form an endpoint reads, in bytes.
const maxForm = 64 << 10

// repeatable may be sent more than once (RFC 8707 section 2).
var repeatable = []string{"resource"}

// readForm reads the body of an endpoint that takes a form, and nothing but a
// form (RFC 6749 section 3.2): no query, no duplicates, no other media type.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, withStatus(invalidRequest("Use the POST method."), http.StatusMethodNotAllowed)
	}
	media, details, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, invalidRequest("Send the parameters as application/x-www-form-urlencoded.")
	}
	if charset := details["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, invalidRequest("Send the parameters in UTF-8.")
	}
	if r.URL.RawQuery != "" {
		return nil, invalidRequest("Send the parameters in the body, not in the query.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, withStatus(invalidRequest("The request body is too large."), http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return nil, &Error{Code: "invalid_request", Description: "The request body could not be read.", Status: http.StatusBadRequest, cause: err}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, invalidRequest("The request body is not a well-formed form.")
	}
	if name := firstDuplicate(form); name != "" {
		return nil, invalidRequest(fmt.Sprintf("The parameter %q was sent more than once.", name))
	}
	if !readable(form) {
		return nil, invalidRequest("A parameter has characters that no parameter may have.")
	}
	r.Form, r.PostForm = form, form
	return form, nil
}

// firstDuplicate returns a parameter that was sent more than once (RFC 6749
// section 3.1), or "".
func firstDuplicate(form url.Values) string {
	for name, values := range form {
		if len(values) > 1 && !slices.Contains(repeatable, name) {
			return name
		}
	}
	return ""
}

// readable reports whether every name and value is UTF-8 without control
// characters, which could harm a database or a log line.
func readable(form url.Values) bool {
	for name, values := range form {
		if !plain(name) || slices.ContainsFunc(values, func(v string) bool { return !plain(v) }) {
			return false
		}
	}
	return true
}

func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}
