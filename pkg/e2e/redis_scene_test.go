package e2e

import (
	"testing"
	"time"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// scene is a deployment in which Redis gets into a certain state while a
// credential is in use and is taken back.
type scene struct {
	auth, api process.Env    // what leads each service to its Redis
	shifts    []string       // how far the clock of each further replica of resourceapi is off
	life      time.Duration  // API_CREDENTIAL_LIFE; 0: its default
	before    func()         // the state begins: answers are remembered, nothing is revoked yet
	after     func(w *world) // what happens once the revocation is answered
}

func throughAuth(url string) process.Env { return process.Env{"AUTH_REDIS_URL": url} }
func throughAPI(url string) process.Env  { return process.Env{"API_REDIS_URL": url} }

// redisScenes are the states of Redis there are.
var redisScenes = map[string]func(t *testing.T) scene{
	"well":                      told(),
	"full, noeviction":          told("CONFIG", "SET", "maxmemory", "1"),
	"read-only":                 told("REPLICAOF", "127.0.0.1", "1"), // where nobody listens
	"min-replicas-to-write 1":   told("CONFIG", "SET", "min-replicas-to-write", "1"),
	"CLIENT PAUSE WRITE":        told("CLIENT", "PAUSE", "300000", "WRITE"),
	"restarted from its dump":   restarted,
	"a late replica promoted":   promoted,
	"away for authserver only":  awayForAuthserver,
	"authserver killed":         authserverKilled,
	"no URL at authserver":      func(t *testing.T) scene { return scene{api: throughAPI(testenv.StartRedis(t).URL)} },
	"two different ones":        twoDifferent,
	"a cluster":                 cluster,
	"clocks minutes apart":      clocksApart,
	"two different, long lives": longLives,
}

// told is one Redis of both services that gets a command.
func told(command ...any) func(t *testing.T) scene {
	return func(t *testing.T) scene {
		r := testenv.StartRedis(t)
		return scene{auth: throughAuth(r.URL), api: throughAPI(r.URL), before: func() {
			if len(command) > 0 {
				r.Do(command...)
			}
		}}
	}
}

// restarted forgets the revocation: the dump is older.
func restarted(t *testing.T) scene {
	r := testenv.StartRedis(t)
	return scene{
		auth: throughAuth(r.URL), api: throughAPI(r.URL), before: func() { r.Do("SAVE") },
		after: func(*world) { r.Kill(); r.Restart() },
	}
}

// promoted is a failover to a replica that missed the revocation.
func promoted(t *testing.T) scene {
	primary, replica := testenv.StartRedis(t), testenv.StartRedis(t)
	proxy, through := testenv.NewProxy(t, primary.URL)
	return scene{
		auth: throughAuth(through), api: throughAPI(through),
		before: func() { replica.Follow(primary); replica.Do("REPLICAOF", "NO", "ONE") },
		after:  func(*world) { primary.Kill(); proxy.Lead(replica.Addr) },
	}
}

func awayForAuthserver(t *testing.T) scene {
	r := testenv.StartRedis(t)
	proxy, through := testenv.NewProxy(t, r.URL)
	return scene{auth: throughAuth(through), api: throughAPI(r.URL), before: proxy.Cut}
}

// authserverKilled has committed and could tell nobody.
func authserverKilled(t *testing.T) scene {
	r := testenv.StartRedis(t)
	proxy, through := testenv.NewProxy(t, r.URL)
	return scene{auth: throughAuth(through), api: throughAPI(r.URL), before: proxy.Cut, after: func(w *world) {
		w.Auth.Kill()
		proxy.Restore()
		if err := w.RestartAuth(t.Context()); err != nil {
			t.Error(err)
		}
	}}
}

func twoDifferent(t *testing.T) scene {
	return scene{auth: throughAuth(testenv.StartRedis(t).URL), api: throughAPI(testenv.StartRedis(t).URL)}
}

// cluster is one of three masters, of which the services know one each.
func cluster(t *testing.T) scene {
	masters := testenv.StartRedisCluster(t, 3)
	return scene{auth: throughAuth(masters[0].URL), api: throughAPI(masters[1].URL)}
}

func clocksApart(t *testing.T) scene {
	s := told()(t)
	s.shifts = []string{"5m", "-5m"}
	return s
}

// longLives: an operator who sets a longer life gets that bound.
func longLives(t *testing.T) scene {
	s := twoDifferent(t)
	s.life = 5 * time.Second
	s.api["API_CREDENTIAL_LIFE"] = s.life.String()
	return s
}
