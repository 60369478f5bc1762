package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Redis server has a handful of numbered databases. Tests of several packages
// run at once, so each leases a number; a lease that is not renewed ends by
// itself, and a killed test run locks nobody out for long.
const (
	leases     = 15
	leaseTerm  = time.Minute
	leaseRenew = 15 * time.Second
)

// Redis leases an empty Redis database that lives as long as the test and
// returns its URL.
func Redis(t testing.TB) string {
	t.Helper()
	url, release, err := LeaseRedis(t.Context(), NeedRedis(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// LeaseRedis leases an empty database of the server at server and returns its
// URL and the function that empties it and gives it back.
func LeaseRedis(ctx context.Context, server string) (string, func() error, error) {
	opts, err := redis.ParseURL(server)
	if err != nil {
		return "", nil, fmt.Errorf("testenv: Redis URL: %w", err)
	}
	opts.DB = 0
	client := redis.NewClient(opts)
	number, err := lease(ctx, client)
	if err != nil {
		return "", nil, errors.Join(err, client.Close())
	}
	if err := flush(ctx, opts, number); err != nil {
		return "", nil, errors.Join(err, client.Close())
	}
	renewing, stop := context.WithCancel(context.Background())
	go renew(renewing, client, number) //nolint:contextcheck // lives until release, not until the caller returns
	u, err := url.Parse(server)
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("testenv: Redis URL: %w", err)
	}
	u.Path = "/" + strconv.Itoa(number)
	release := func() error { //nolint:contextcheck // runs after the test, when its context is over
		stop()
		ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
		defer cancel()
		return errors.Join(flush(ctx, opts, number), client.Del(ctx, leaseKey(number)).Err(), client.Close())
	}
	return u.String(), release, nil
}

func leaseKey(number int) string { return "latchkey:test:lease:" + strconv.Itoa(number) }

func lease(ctx context.Context, client *redis.Client) (int, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		for number := 1; number <= leases; number++ {
			err := client.SetArgs(ctx, leaseKey(number), "taken", redis.SetArgs{Mode: "NX", TTL: leaseTerm}).Err()
			if err == nil {
				return number, nil
			}
			if !errors.Is(err, redis.Nil) {
				return 0, fmt.Errorf("testenv: lease a Redis database: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("testenv: every Redis database is taken: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func renew(ctx context.Context, client *redis.Client, number int) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			client.Expire(ctx, leaseKey(number), leaseTerm)
		}
	}
}

func flush(ctx context.Context, opts *redis.Options, number int) error {
	own := *opts
	own.DB = number
	client := redis.NewClient(&own)
	return errors.Join(client.FlushDB(ctx).Err(), client.Close())
}

// DumpRedis returns every key and value of the Redis database at url as text,
// for tests that search it for what must not be there.
func DumpRedis(t testing.TB, url string) string {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close() //nolint:errcheck // read only
	var dump []byte
	keys := client.Scan(t.Context(), 0, "*", 1000).Iterator()
	for keys.Next(t.Context()) {
		key := keys.Val()
		value, err := client.Dump(t.Context(), key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		text, err := client.Get(t.Context(), key).Result()
		if err != nil { // not a string: the fields of a hash, or DUMP's own bytes
			fields, _ := client.HGetAll(t.Context(), key).Result()
			text = fmt.Sprint(fields)
		}
		dump = fmt.Appendf(dump, "%s\n%s\n%s\n", key, text, value)
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return string(dump)
}
