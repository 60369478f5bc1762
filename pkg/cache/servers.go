package cache

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// servers is the driver's client of the kind that suits them.
type servers struct {
	redis.UniversalClient
	kind kind
}

func (r *Redis) connect(as kind) *servers {
	o := *r.address.options
	s := &servers{kind: as}
	switch as {
	case cluster:
		s.UniversalClient = redis.NewClusterClient(o.Cluster())
	case sentinel:
		s.UniversalClient = redis.NewFailoverClient(o.Failover())
	case alone:
		o.OnConnect = refuseCluster
		s.UniversalClient = redis.NewClient(o.Simple())
	}
	s.AddHook(spans{})
	s.AddHook(gate{r.breaker})
	s.AddHook(another{r})
	return s
}

var (
	errCluster  = errors.New("this Redis is a node of a cluster")
	errSentinel = errors.New("this is a Sentinel, not the Redis it watches: write redis+sentinel://host:26379/name-of-the-primary")
)

// refuseCluster ends a new connection to a single server that turns out to be part
// of a cluster: it would answer for some keys only.
func refuseCluster(ctx context.Context, c *redis.Conn) error {
	answer, err := c.Do(ctx, "hello").Result()
	if err != nil {
		return nil //nolint:nilerr // what does not know the command is no cluster
	}
	switch mode(answer) {
	case "cluster":
		return errCluster
	case "sentinel":
		return errSentinel
	}
	return nil
}

// mode reads the answer to HELLO, which depends on the protocol.
func mode(answer any) string {
	switch fields := answer.(type) {
	case map[any]any:
		return fmt.Sprint(fields["mode"])
	case []any:
		for i := 0; i+1 < len(fields); i += 2 {
			if fields[i] == "mode" {
				return fmt.Sprint(fields[i+1])
			}
		}
	}
	return ""
}

// becomeCluster goes on as a client of the whole cluster, whoever finds out first.
func (r *Redis) becomeCluster() *servers {
	was := r.servers.Load()
	if was.kind != alone {
		return was
	}
	now := r.connect(cluster)
	if !r.servers.CompareAndSwap(was, now) {
		_ = now.Close() // nothing was sent through it
		return r.servers.Load()
	}
	_ = was.Close() // it has no connection
	return now
}

// another sends commands again that met a cluster where one server was expected.
type another struct{ r *Redis }

// DialHook implements redis.Hook.
func (another) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (a another) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if !errors.Is(err, errCluster) {
			return err
		}
		cmd.SetErr(nil)
		return a.r.becomeCluster().Process(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (a another) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if !errors.Is(err, errCluster) {
			return err
		}
		pipe := a.r.becomeCluster().Pipeline()
		for _, cmd := range cmds {
			cmd.SetErr(nil)
			_ = pipe.Process(ctx, cmd) // only queues
		}
		_, err = pipe.Exec(ctx)
		return err
	}
}
