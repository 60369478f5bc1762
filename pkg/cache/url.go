package cache

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// CheckURL complains when text is neither empty nor the URL of a Redis; name is
// the setting's. It says nothing of the URL but names of parameters: it may hold
// a password, and not where one belongs.
func CheckURL(name, text string) error {
	if text == "" {
		return nil
	}
	if _, err := parse(text); err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	return nil
}

// parse reads the URL of a Redis. The error is the end of a sentence.
func parse(text string) (*redis.Options, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is no URL such as redis://:password@host:6379/0 (special characters of a password are written as %40)")
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return nil, errors.New("must be empty or start with redis:// or rediss://")
	}
	if db, err := strconv.Atoi(strings.Trim(u.Path, "/")); u.Path != "" && u.Path != "/" && (err != nil || db < 0) || u.Fragment != "" || u.Opaque != "" {
		return nil, errors.New("must end in the host or in the number of a database, such as /0")
	}
	if broken := brokenParameters(u); len(broken) > 0 {
		return nil, fmt.Errorf("has parameters that are unknown or have values they cannot have: %s", strings.Join(broken, ", "))
	}
	o, err := redis.ParseURL(text)
	if err != nil || o.DB < 0 {
		return nil, errors.New("cannot be parsed") // the parser's error would quote it
	}
	return o, nil
}

var parameterName = regexp.MustCompile(`^[a-z_]{1,40}$`)

// brokenParameters names what the driver does not take, tried one by one.
func brokenParameters(u *url.URL) []string {
	var broken []string
	for name, values := range u.Query() {
		alone := url.URL{Scheme: u.Scheme, Host: "localhost", RawQuery: url.Values{name: values}.Encode()}
		if _, err := redis.ParseURL(alone.String()); err == nil {
			continue
		}
		if !parameterName.MatchString(name) {
			name = "(one whose name is not a parameter's)"
		}
		broken = append(broken, name)
	}
	slices.Sort(broken)
	return broken
}
