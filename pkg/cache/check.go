package cache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkTimeout bounds the wait of a service that starts.
const checkTimeout = 3 * time.Second

// Check complains when s is a Redis that answers, and says that it cannot work as
// its URL is: a wrong password or user, a command that the user may not send, a
// database or a primary that is not there, a certificate that nobody trusts. name
// is the setting's. A Redis that does not answer, or takes no writes now, is none
// of these.
func Check(ctx context.Context, name string, s Store) error {
	r, ok := s.(*Redis)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	for _, command := range [][]any{
		{"set", pingKey, "", "px", 1000},
		{"get", pingKey},
		{"pttl", pingKey},
		{"unlink", pingKey},
		{"eval", "return redis.call('TIME')", 1, pingKey},
		{"publish", pingKey, ""},
	} {
		err := r.Client().Do(ctx, command...).Err()
		if errors.Is(err, redis.Nil) && r.address.kind != sentinel {
			continue
		}
		if why := hopeless(err); why != "" {
			return fmt.Errorf("%s: %s", name, why)
		}
		if err != nil {
			r.log.LogAttrs(ctx, slog.LevelWarn, "Redis cannot be used now", slog.String("setting", name), slog.Any("error", err))
			return nil
		}
	}
	return nil
}

// quoted is the name of a command in the answer of Redis to one who may not send it.
var quoted = regexp.MustCompile(` '[a-z|]+'`)

// hopeless says what no waiting will change; "": nothing.
func hopeless(err error) string {
	var untrusted *tls.CertificateVerificationError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errSentinel):
		return errSentinel.Error()
	case errors.Is(err, redis.Nil):
		return "the Sentinels watch no primary of that name"
	case errors.As(err, &untrusted):
		return "the certificate of Redis is not trusted (name its authority in the environment as SSL_CERT_FILE): " + untrusted.Err.Error()
	}
	text := err.Error()
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("WRONGPASS", "NOAUTH", "called without any password"):
		return "Redis refuses the user or the password"
	case has("NOPERM"):
		return "the user may not send the command" + strings.ToUpper(quoted.FindString(text)) + " (docs/operations.md says what to allow)"
	case has("cluster support disabled"):
		return "the hosts are no cluster: name one, or Sentinels (redis+sentinel://host1:26379,host2:26379/name-of-the-primary)"
	case has("DB index is out of range", "invalid DB index", "SELECT is not allowed"):
		return "Redis has no database of that number"
	}
	return ""
}
