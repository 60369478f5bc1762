package chaos_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/load"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// scenarios are the deployments, with the faults that are injected into each.
var scenarios = []scenario{
	{"PostgreSQL", onPostgres, []fault{
		{name: "PostgreSQL stopped", refuses: true, begin: func(e *environment) func() { e.postgres.Stop(); return e.postgres.Restart }},
		{name: "PostgreSQL slow, 300 ms for each answer", begin: func(e *environment) func() {
			e.wire.Slow(300 * time.Millisecond)
			return func() { e.wire.Slow(0) }
		}},
		{name: "PostgreSQL does not answer", refuses: true, long: true, begin: func(e *environment) func() { return e.wire.Hold() }},
		{name: "PostgreSQL crashed and restarted", begin: func(e *environment) func() { e.postgres.Crash(); e.postgres.Restart(); return nil }},
		{name: "authserver stopped, both replicas", refuses: true, begin: stopped(auths, 0, 1)},
		{name: "authserver killed under load, one replica", begin: killed(auths)},
		{name: "authserver does not answer, both replicas", refuses: true, long: true, begin: frozen(auths, 0, 1)},
		{name: "resourceapi stopped, both replicas", refuses: true, begin: stopped(apis, 0, 1)},
		{name: "resourceapi killed under load, one replica", begin: killed(apis)},
		{name: "resourceapi does not answer, one replica", long: true, begin: frozen(apis, 1)},
		{name: "clock of one host five minutes ahead", long: true, begin: shifted("5m")},
		{name: "clock of one host five minutes behind", long: true, begin: shifted("-5m")},
		{name: "PostgreSQL failed over to a synchronous standby", begin: func(e *environment) func() { e.postgres.Crash(); e.standby.Promote(); return nil }},
	}},
	{"Redis", onRedis, []fault{
		{name: "Redis stopped", begin: func(e *environment) func() { e.redis.Kill(); return e.redis.Restart }},
		{name: "Redis slow, 300 ms for each answer", begin: func(e *environment) func() {
			e.redisWire.Slow(300 * time.Millisecond)
			return func() { e.redisWire.Slow(0) }
		}},
		{name: "Redis does not answer", long: true, begin: func(e *environment) func() { return e.redisWire.Hold() }},
		{name: "Redis full", begin: told("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0")},
		{name: "Redis read-only", begin: told("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")},
		{name: "Redis flushed", begin: func(e *environment) func() { e.redis.Do("FLUSHALL"); return nil }},
		{name: "Redis restarted from a dump", begin: func(e *environment) func() {
			e.redis.Do("SAVE")
			<-time.After(e.form.lasts) // what is revoked now is unknown to the dump
			e.redis.Kill()
			e.redis.Restart()
			return nil
		}},
		{name: "Redis failed over to a replica that is behind", begin: func(e *environment) func() {
			e.spare.Follow(e.redis)
			e.spare.Do("REPLICAOF", "NO", "ONE")
			<-time.After(e.form.lasts)
			e.redis.Kill()
			e.redisWire.Lead(e.spare.Addr)
			return nil
		}},
	}},
	{"PgBouncer", onPgBouncer, []fault{
		{name: "PostgreSQL stopped, behind PgBouncer", refuses: true, begin: func(e *environment) func() { e.postgres.Stop(); return e.postgres.Restart }},
		{name: "PostgreSQL crashed and restarted, behind PgBouncer", begin: func(e *environment) func() { e.postgres.Crash(); e.postgres.Restart(); return nil }},
	}},
	{"SQLite, and Redis behind Sentinels", onSQLite, []fault{
		{name: "Redis failed over by Sentinels", begin: func(e *environment) func() { e.redis.Kill(); return nil }},
		{name: "disk full under SQLite", begin: func(e *environment) func() { return e.disk.Fill() }},
	}},
}

// deploy starts n replicas of each service.
func deploy(t *testing.T, f form, e *environment, setup stack.Setup, n int) *environment {
	t.Helper()
	setup.AuthEnv = process.Env{"AUTH_PASSWORD_MEMORY": "8", "AUTH_PASSWORD_PASSES": "1"}.With(f.settings)
	setup.APIEnv = f.settings
	if setup.Dir == "" {
		setup.Dir = t.TempDir()
	}
	var err error
	if e.d, err = load.Start(t.Context(), setup, n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.d.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// onPostgres is two replicas of each service on a PostgreSQL with a synchronous
// standby. They know both servers and look for the one that takes writes.
func onPostgres(t *testing.T, f form) *environment {
	e := &environment{postgres: testenv.StartPostgresServer(t, "wal_retrieve_retry_interval=200ms"), redis: testenv.StartRedis(t)}
	var wire, wire2 string
	e.wire, wire = testenv.NewProxy(t, e.postgres.URL)
	e.standby = e.postgres.Standby("wal_retrieve_retry_interval=200ms")
	_, wire2 = testenv.NewProxy(t, e.standby.URL)
	setup := stack.Setup{Redis: e.redis.URL}
	for name, target := range map[string]*string{"auth": &setup.AuthDB, "api": &setup.APIDB} {
		e.postgres.Database(name)
		*target = "postgres://postgres@" + hostOf(wire) + "," + hostOf(wire2) + "/" + name + "?sslmode=disable&target_session_attrs=read-write"
	}
	e.postgres.Set("synchronous_standby_names", "*")
	return deploy(t, f, e, setup, 2)
}

func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "@")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func onRedis(t *testing.T, f form) *environment {
	e := &environment{redis: testenv.StartRedis(t), spare: testenv.StartRedis(t)}
	setup := stack.Setup{AuthDB: testenv.Postgres(t), APIDB: testenv.Postgres(t)}
	e.redisWire, setup.Redis = testenv.NewProxy(t, e.redis.URL)
	return deploy(t, f, e, setup, 2)
}

// onPgBouncer is two replicas of each service behind a PgBouncer in transaction mode,
// which looks again each second for a server that was away (server_login_retry; as it
// comes, each 15 seconds).
func onPgBouncer(t *testing.T, f form) *environment {
	e := &environment{postgres: testenv.StartPostgresServer(t), redis: testenv.StartRedis(t)}
	setup := stack.Setup{Redis: e.redis.URL}
	for name, target := range map[string]*string{"auth": &setup.AuthDB, "api": &setup.APIDB} {
		*target = testenv.StartPgBouncer(t, e.postgres.Database(name), "server_login_retry = 1")
	}
	return deploy(t, f, e, setup, 2)
}

// onSQLite has one replica of each service, on a small disk.
func onSQLite(t *testing.T, f form) *environment {
	e := &environment{redis: testenv.StartRedis(t), spare: testenv.StartRedis(t), disk: testenv.NewDisk(t, "160m")}
	e.spare.Follow(e.redis)
	sentinels := testenv.StartSentinels(t, 3, "latchkey", e.redis, 1)
	return deploy(t, f, e, stack.Setup{
		Redis: "redis+sentinel://" + strings.Join(sentinels, ",") + "/latchkey", Dir: e.disk.Dir,
		AuthDB: "sqlite:" + filepath.Join(e.disk.Dir, "auth.db"), APIDB: "sqlite:" + filepath.Join(e.disk.Dir, "api.db"),
	}, 1)
}

// told gives Redis a command, and another one afterwards.
func told(before, after string) func(e *environment) func() {
	say := func(e *environment, command string) {
		var words []any
		for _, word := range strings.Fields(command) {
			words = append(words, word)
		}
		e.redis.Do(words...)
	}
	return func(e *environment) func() {
		say(e, before)
		return func() { say(e, after) }
	}
}

func auths(e *environment) []*process.Process { return e.d.Auths }
func apis(e *environment) []*process.Process  { return e.d.APIs }

// again starts replicas that have ended, with a program and more on top of its
// environment, at once.
func (e *environment) again(of []*process.Process, program string, more process.Env, which ...int) {
	e.t.Helper()
	var starting sync.WaitGroup
	for _, i := range which {
		starting.Go(func() {
			p, err := of[i].Again(e.t.Context(), program, more)
			if err != nil {
				e.t.Error(err)
				return
			}
			of[i] = p
		})
	}
	starting.Wait()
}

// stopped drains replicas, and starts them again.
func stopped(of func(e *environment) []*process.Process, which ...int) func(e *environment) func() {
	return func(e *environment) func() {
		e.stop(of(e), which...)
		return func() { e.again(of(e), "", nil, which...) }
	}
}

func (e *environment) stop(of []*process.Process, which ...int) {
	var stopping sync.WaitGroup
	for _, i := range which {
		stopping.Go(func() {
			if err := of[i].Stop(); err != nil {
				e.t.Error(err)
			}
		})
	}
	stopping.Wait()
}

// killed is a crash of one replica, which is started again at once.
func killed(of func(e *environment) []*process.Process) func(e *environment) func() {
	return func(e *environment) func() {
		of(e)[0].Kill()
		e.again(of(e), "", nil, 0)
		return nil
	}
}

func frozen(of func(e *environment) []*process.Process, which ...int) func(e *environment) func() {
	return func(e *environment) func() {
		for _, i := range which {
			of(e)[i].Freeze()
		}
		return func() {
			for _, i := range which {
				of(e)[i].Thaw()
			}
		}
	}
}

// shifted gives one host, with a replica of each service, another clock.
func shifted(by string) func(e *environment) func() {
	return func(e *environment) func() {
		if e.shifted.Auth == "" {
			e.shifted = e.buildShifted()
		}
		e.move(e.shifted, process.Env{stack.ClockShift: by})
		return func() { e.move(e.d.Binaries(), nil) }
	}
}

// move starts the replicas of the second host anew, with these programs.
func (e *environment) move(to stack.Binaries, env process.Env) {
	e.t.Helper()
	e.stop(e.d.Auths, 1)
	e.stop(e.d.APIs, 1)
	e.again(e.d.Auths, to.Auth, env, 1)
	e.again(e.d.APIs, to.API, env, 1)
}

func (e *environment) buildShifted() (b stack.Binaries) {
	e.t.Helper()
	for service, program := range map[string]*string{"authserver": &b.Auth, "resourceapi": &b.API} {
		var err error
		if *program, err = stack.BuildShifted(e.t.Context(), service, e.t.TempDir()); err != nil {
			e.t.Fatal(err)
		}
	}
	return b
}
