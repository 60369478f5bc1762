package page

import "net/url"

// The pages that others lie below.
const (
	KeysPath    = "/settings/api_keys"
	ClientsPath = "/settings/developer"
	// referencePath leads to the pages about the API: behind one origin those of the
	// resource API, elsewhere ours. Both lead to each other.
	referencePath = "/docs"
)

// Onward is where to go after a form: where the person was going, or home.
func Onward(to string) string {
	if to == "" {
		return "/"
	}
	return to
}

// WithReturn adds return_to to a path of ours.
func WithReturn(path, to string) string {
	if to == "" || to == "/" {
		return path
	}
	return path + "?return_to=" + url.QueryEscape(to)
}
