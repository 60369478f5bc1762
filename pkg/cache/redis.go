package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"latchkey/pkg/coalesce"
)

const (
	defaultPoolSize = 32
	defaultTimeout  = 250 * time.Millisecond
	dialTimeout     = 200 * time.Millisecond
)

// Redis is a Store in Redis 7.0 or later: one server, a primary that Sentinels name,
// or a cluster. When Redis is away the first callers wait
// for a refused connection or a timeout; then a breaker refuses the others at once.
type Redis struct {
	address *address
	login   atomic.Pointer[login]
	servers atomic.Pointer[servers]
	breaker *Breaker
	log     *slog.Logger
	trips   *coalesce.Batcher[*trip]
}

var quietOnce sync.Once

// OpenRedis opens the Redis that address names. It does not connect: Ping does.
func OpenRedis(address string, opts Options) (*Redis, error) {
	if opts.Now == nil {
		return nil, errNow
	}
	a, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("cache: the Redis URL %w", err)
	}
	log := opts.Logger
	if log == nil {
		log = slog.Default()
	}
	quietOnce.Do(func() { redis.SetLogger(redisLog{log}) })
	o := a.options
	o.MaxRetries = -1
	o.DialerRetries = 1 // the default dials five times before it admits defeat
	o.DialTimeout = dialTimeout
	o.ReadTimeout = opts.Timeout
	if o.ReadTimeout <= 0 {
		o.ReadTimeout = defaultTimeout
	}
	o.WriteTimeout = o.ReadTimeout
	o.PoolTimeout = 4 * o.ReadTimeout
	o.ContextTimeoutEnabled = true
	o.PoolSize = opts.PoolSize
	if o.PoolSize <= 0 {
		o.PoolSize = defaultPoolSize
	}
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	r := &Redis{address: a, breaker: &Breaker{Now: opts.Now}, log: log}
	r.login.Store(&login{o.Username, o.Password})
	o.CredentialsProvider = func() (string, string) {
		now := r.login.Load()
		return now.user, now.password
	}
	r.servers.Store(r.connect(a.kind))
	r.trips = coalesce.New(1, r.carry)
	return r, nil
}

// login is what new connections say.
type login struct{ user, password string }

// Renewal returns what takes user and password of address for connections that are
// opened from then on, where s is Redis. Those that are open stay.
func Renewal(s Store, address string) (apply func(), err error) {
	r, ok := s.(*Redis)
	if !ok {
		return func() {}, nil
	}
	a, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("cache: the Redis URL %w", err)
	}
	return func() { r.login.Store(&login{a.options.Username, a.options.Password}) }, nil
}

// Client returns the connections, breaker included, for scripts that the
// Store interface does not cover.
func (r *Redis) Client() redis.UniversalClient { return r.servers.Load() }

// Away reports whether the breaker is refusing calls now.
func (r *Redis) Away() bool { return r.breaker.Open() }

// Get implements Store. The time left is read first, so that it is not that of a
// value written in between, unless such a value ends sooner.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, time.Duration, error) {
	pttl, get := redis.NewDurationCmd(ctx, time.Millisecond, "pttl", key), redis.NewStringCmd(ctx, "get", key)
	r.Send(ctx, pttl, get)
	left, err := pttl.Result()
	if err != nil {
		return nil, 0, away(err)
	}
	value, err := get.Bytes()
	if left <= 0 || errors.Is(err, redis.Nil) {
		return nil, 0, nil
	}
	return value, left, away(err)
}

// Set implements Store. It goes on a connection of its own: a Redis that takes no
// writes keeps no reader waiting.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return away(r.Client().Set(ctx, key, value, atLeast(ttl)).Err())
}

// DeleteAndPublish implements Store. Each key has a command of its own: in a
// cluster they lie on several nodes.
func (r *Redis) DeleteAndPublish(ctx context.Context, keys []string, channel string, message []byte) error {
	commands := make([]redis.Cmder, 0, len(keys)+1)
	for _, key := range keys {
		commands = append(commands, redis.NewIntCmd(ctx, "unlink", key))
	}
	published, _ := r.SendShared(ctx, Shared{Name: publication(channel), Part: message, Build: func(messages []any) redis.Cmder {
		var joined []byte
		for _, m := range messages {
			joined = append(joined, m.([]byte)...) //nolint:forcetypeassert // every Part of the name is one
		}
		return redis.NewIntCmd(ctx, "publish", channel, joined)
	}}, commands...)
	for _, c := range append(commands, published) {
		if err := c.Err(); err != nil {
			return away(err)
		}
	}
	return nil
}

// publication names what is published on a channel.
type publication string

// Delete removes key; a missing key is no error.
func (r *Redis) Delete(ctx context.Context, key string) error {
	return away(r.Client().Del(ctx, key).Err())
}

// pingKey is written by Ping, and gone a second later.
const pingKey = "latchkey:ping"

// Ping implements Store. It writes: a Redis that is full or read-only answers PING.
func (r *Redis) Ping(ctx context.Context) error {
	return away(r.Client().Set(ctx, pingKey, "", time.Second).Err())
}

// Close implements Store.
func (r *Redis) Close() error {
	if err := r.Client().Close(); err != nil {
		return fmt.Errorf("cache: close: %w", err)
	}
	return nil
}

func away(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// redisLog keeps go-redis from writing lines of its own shape to stderr.
type redisLog struct{ log *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "redis", "detail", fmt.Sprintf(format, v...))
}
