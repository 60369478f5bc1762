package settings

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Renewed compares two structs of the same type with env tags. It returns the names
// of the variables whose values differ: those that are renewable, and the others.
func Renewed(was, now any, renewable []string) (renewed, others []string) {
	for _, name := range changed(reflect.ValueOf(was), reflect.ValueOf(now)) {
		if slices.Contains(renewable, name) {
			renewed = append(renewed, name)
		} else {
			others = append(others, name)
		}
	}
	return renewed, others
}

func changed(was, now reflect.Value) (names []string) {
	for i := range was.NumField() {
		f := was.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name != "" && name != "-":
			if !reflect.DeepEqual(was.Field(i).Interface(), now.Field(i).Interface()) {
				names = append(names, name)
			}
		case name == "" && f.Type.Kind() == reflect.Struct:
			names = append(names, changed(was.Field(i), now.Field(i))...)
		}
	}
	return names
}

// SameButPassword reports whether two URLs are the same but for the password.
func SameButPassword(one, other string) bool { return withoutPassword(one) == withoutPassword(other) }

// withoutPassword works on URLs of several hosts too, which package net/url refuses.
func withoutPassword(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	at := strings.LastIndex(rest[:end], "@")
	if at < 0 {
		return text
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return scheme + "://" + user + rest[at:]
}

// Renewal is a part of a service that takes other values of settings of type C while it
// runs.
type Renewal[C any] struct {
	Names []string // of the variables
	// Prepare checks the values of next, and changes nothing yet. apply cannot fail.
	Prepare func(ctx context.Context, next C) (apply func(), err error)
}

// Renew has every part take the values of next, or none of them: the first error ends
// it. It returns the names of the variables that parts have taken.
func Renew[C any](ctx context.Context, next C, parts []Renewal[C]) (names []string, err error) {
	steps := make([]func(), 0, len(parts))
	for _, part := range parts {
		apply, err := part.Prepare(ctx, next)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(part.Names, ", "), err)
		}
		names, steps = append(names, part.Names...), append(steps, apply)
	}
	for _, apply := range steps {
		apply()
	}
	return names, nil
}

// ErrOtherPlace refuses a URL of which more than the password has changed.
var ErrOtherPlace = errors.New("another server or user than before needs a restart; only the password may change")
