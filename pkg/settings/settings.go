// Package settings reads a service's settings from the environment: a struct with
// `env` tags, any of them from a file, and every complaint at once.
package settings

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Environ is the environment of the process, name → value.
func Environ() map[string]string {
	environ := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		environ[name] = value
	}
	return environ
}

// Read fills dst, a pointer to a struct with env tags, from environ (name →
// value). For every NAME there may be a NAME_FILE instead, a file that holds the
// value. What cannot be read is in the error, by the name of its variable, and
// has its default in dst, so that the caller can check the rest.
func Read(dst any, environ map[string]string) error {
	names := map[field][]string{}
	variables(reflect.TypeOf(dst).Elem(), names)
	given := maps.Clone(environ)
	if given == nil {
		given = map[string]string{}
	}
	var errs []error
	for _, name := range slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(names))...))) {
		value, err := Value(name, environ)
		if err != nil {
			errs = append(errs, err)
			value = ""
		}
		given[name] = value
	}
	err := env.ParseWithOptions(dst, env.Options{Environment: given})
	if err == nil {
		return errors.Join(errs...)
	}
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return fmt.Errorf("settings: %w", err)
	}
	for _, one := range all.Errors {
		wrong, ok := errors.AsType[env.ParseError](one)
		if !ok {
			return fmt.Errorf("settings: %w", one)
		}
		for _, name := range names[field{wrong.Name, wrong.Type}] {
			if given[name] != "" {
				errs = append(errs, complaint(name, wrong))
				delete(given, name)
			}
		}
	}
	if err := env.ParseWithOptions(dst, env.Options{Environment: given}); err != nil {
		errs = append(errs, fmt.Errorf("settings: %w", err))
	}
	return errors.Join(errs...)
}

// complaint says what a variable must be, without its value where we can.
func complaint(name string, wrong env.ParseError) error {
	switch {
	case wrong.Type == reflect.TypeFor[time.Duration]():
		return fmt.Errorf("%s must be a duration, such as 90s, 15m or 24h", name)
	case wrong.Type.Kind() == reflect.Bool:
		return fmt.Errorf("%s must be true or false", name)
	case wrong.Type.Kind() == reflect.Int, wrong.Type.Kind() == reflect.Int64:
		return fmt.Errorf("%s must be a whole number", name)
	}
	return fmt.Errorf("%s: %w", name, wrong.Err)
}

// field is what a parse error says of where it happened.
type field struct {
	name string
	of   reflect.Type
}

// variables collects the names of the variables that fill the fields of a struct
// and of the structs in it.
func variables(of reflect.Type, into map[field][]string) {
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name != "" && name != "-":
			at := field{f.Name, f.Type}
			into[at] = append(into[at], name)
		case name == "" && f.Type.Kind() == reflect.Struct:
			variables(f.Type, into)
		}
	}
}

// Value returns what environ says of name: its value, or what is in the file that
// NAME_FILE names. Naming both is an error: which one counts would be a guess.
func Value(name string, environ map[string]string) (string, error) {
	value, file := environ[name], environ[name+"_FILE"]
	if file == "" {
		return value, nil
	}
	if value != "" {
		return "", fmt.Errorf("%s and %s_FILE are both set", name, name)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if value = strings.TrimSpace(string(raw)); value == "" {
		return "", fmt.Errorf("%s_FILE: %s is empty", name, file)
	}
	return value, nil
}

// Bytes reads n bytes that are written in base64 or hex.
func Bytes(text string, n int) ([]byte, error) {
	text = strings.TrimSpace(text)
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == n {
		return raw, nil
	}
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	if raw, err := base64.RawStdEncoding.DecodeString(plain); err == nil && len(raw) == n {
		return raw, nil
	}
	return nil, fmt.Errorf("must be %d bytes, in base64 or hex", n)
}

// CheckAddress complains when text is no address to listen on.
func CheckAddress(name, text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s must be an address such as 127.0.0.1:8080", name)
	}
	return nil
}
