package cache

import (
	"errors"
	"fmt"
	"net"
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

// address is what a URL says.
type address struct {
	options *redis.UniversalOptions
	kind    kind
}

// kind is how servers of Redis work together.
type kind string

const (
	alone    kind = ""         // redis://host: one server, or a cluster that it belongs to
	cluster  kind = "cluster"  // redis+cluster://host,host, or several hosts
	sentinel kind = "sentinel" // redis+sentinel://host,host/name-of-the-primary
)

var (
	errScheme = errors.New("must be empty or start with redis:// or rediss:// (TLS), redis+sentinel:// or redis+cluster://")
	errNumber = errors.New("must end in the host or in the number of a database, such as /0")
	errMaster = errors.New("must name the primary that the Sentinels watch, such as redis+sentinel://host1:26379,host2:26379/mymaster")
	errHosts  = errors.New("must name hosts such as host1:6379,host2:6379")
)

// parse reads the URL of a Redis. The error is the end of a sentence.
func parse(text string) (*address, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is no URL such as redis://:password@host:6379/0 (special characters of a password are written as %40)")
	}
	scheme, plus, _ := strings.Cut(u.Scheme, "+")
	a := &address{kind: kind(plus)}
	if scheme != "redis" && scheme != "rediss" || a.kind != alone && a.kind != cluster && a.kind != sentinel || strings.HasSuffix(u.Scheme, "+") {
		return nil, errScheme
	}
	if u.Fragment != "" || u.Opaque != "" {
		return nil, errNumber
	}
	hosts, err := hostsOf(u, a.kind)
	if err != nil {
		return nil, err
	}
	if len(hosts) > 1 && a.kind == alone {
		a.kind = cluster
	}
	bare := *u // what the driver reads: one host, no word of Sentinels
	bare.Scheme, bare.Host = scheme, hosts[0]
	var sentinels redis.UniversalOptions
	if a.kind == sentinel {
		if err := cutSentinel(&bare, &sentinels); err != nil {
			return nil, err
		}
	}
	if db, err := strconv.Atoi(strings.Trim(bare.Path, "/")); bare.Path != "" && bare.Path != "/" && (err != nil || db < 0) {
		return nil, errNumber
	}
	if broken := brokenParameters(&bare); len(broken) > 0 {
		return nil, fmt.Errorf("has parameters that are unknown or have values they cannot have: %s", strings.Join(broken, ", "))
	}
	o, err := redis.ParseURL(bare.String())
	if err != nil || o.DB < 0 {
		return nil, errors.New("cannot be parsed") // the parser's error would quote it
	}
	if a.kind == cluster && o.DB != 0 {
		return nil, errors.New("must end in the host: a cluster has one database")
	}
	a.options = universal(o, hosts, sentinels)
	return a, nil
}

// hostsOf are the addresses that a URL names, with ports.
func hostsOf(u *url.URL, k kind) ([]string, error) {
	if u.Host == "" && k == alone {
		return []string{"localhost:6379"}, nil
	}
	port := "6379"
	if k == sentinel {
		port = "26379"
	}
	var hosts []string
	for host := range strings.SplitSeq(u.Host, ",") {
		if _, _, err := net.SplitHostPort(host); err != nil { // no port
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		name, number, err := net.SplitHostPort(host)
		if _, bad := strconv.ParseUint(number, 10, 16); err != nil || bad != nil || name == "" && strings.Contains(u.Host, ",") {
			return nil, errHosts
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// cutSentinel moves what concerns Sentinels from u to o: the primary's name, which
// is the first part of the path or the parameter master_name, and how to sign in
// to them.
func cutSentinel(u *url.URL, o *redis.UniversalOptions) error {
	query := u.Query()
	take := func(name string) string {
		value := query.Get(name)
		query.Del(name)
		return value
	}
	o.SentinelUsername, o.SentinelPassword, o.MasterName = take("sentinel_username"), take("sentinel_password"), take("master_name")
	u.RawQuery = query.Encode()
	if o.MasterName != "" {
		return nil
	}
	name, db, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if _, err := strconv.Atoi(name); name == "" || err == nil {
		return errMaster
	}
	o.MasterName, u.Path = name, "/"+db
	return nil
}

// universal is o for several addresses.
func universal(o *redis.Options, hosts []string, sentinels redis.UniversalOptions) *redis.UniversalOptions {
	if o.TLSConfig != nil {
		o.TLSConfig.ServerName = "" // that of each host
	}
	return &redis.UniversalOptions{
		Addrs: hosts, MasterName: sentinels.MasterName, SentinelUsername: sentinels.SentinelUsername, SentinelPassword: sentinels.SentinelPassword,
		Username: o.Username, Password: o.Password, DB: o.DB, Protocol: o.Protocol, ClientName: o.ClientName, TLSConfig: o.TLSConfig,
		MinIdleConns: o.MinIdleConns, MaxIdleConns: o.MaxIdleConns, MaxActiveConns: o.MaxActiveConns, MaxConcurrentDials: o.MaxConcurrentDials,
		ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter, PoolFIFO: o.PoolFIFO,
		ReadBufferSize: o.ReadBufferSize, WriteBufferSize: o.WriteBufferSize, PipelinePoolSize: o.PipelinePoolSize,
		PipelineReadBufferSize: o.PipelineReadBufferSize, PipelineWriteBufferSize: o.PipelineWriteBufferSize,
	}
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
