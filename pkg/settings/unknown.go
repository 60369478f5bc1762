package settings

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"latchkey/pkg/spelling"
)

// nearby is how many letters a misspelt name may be away from the one that was
// meant.
const nearby = 2

// Unknown returns the names in environ that begin with prefix and that no field of
// of, a struct with env tags, reads; more are known besides. One that is nearly a
// known name, and so is probably meant to be it, is an error.
func Unknown(of any, environ map[string]string, prefix string, more func(name string) bool) (unknown []string, err error) {
	byField := map[field][]string{}
	variables(reflect.TypeOf(of), byField)
	known := slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(byField))...)))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		bare := strings.TrimSuffix(name, "_FILE")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) || slices.Contains(known, bare) || more(bare) {
			continue
		}
		if near := nearest(bare, known); near != "" {
			errs = append(errs, fmt.Errorf("%s is no setting: is %s meant?", name, near))
			continue
		}
		unknown = append(unknown, name)
	}
	return unknown, errors.Join(errs...)
}

func nearest(name string, known []string) string {
	best, at := nearby+1, ""
	for _, k := range known {
		if d := spelling.Distance(name, k); d < best {
			best, at = d, k
		}
	}
	return at
}
