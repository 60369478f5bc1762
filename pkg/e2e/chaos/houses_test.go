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

// houses are the deployments there are, and what each suffers.
var houses = []house{
	{"PostgreSQL", onPostgres, []fault{
		{name: "PostgreSQL stopped", refuses: true, begin: func(s *scene) func() { s.postgres.Stop(); return s.postgres.Restart }},
		{name: "PostgreSQL slow, 300 ms for each answer", begin: func(s *scene) func() {
			s.wire.Slow(300 * time.Millisecond)
			return func() { s.wire.Slow(0) }
		}},
		{name: "PostgreSQL does not answer", refuses: true, long: true, begin: func(s *scene) func() { return s.wire.Hold() }},
		{name: "PostgreSQL crashed and restarted", begin: func(s *scene) func() { s.postgres.Crash(); s.postgres.Restart(); return nil }},
		{name: "authserver stopped, both replicas", refuses: true, begin: stopped(auths, 0, 1)},
		{name: "authserver killed under load, one replica", begin: killed(auths)},
		{name: "authserver does not answer, both replicas", refuses: true, long: true, begin: frozen(auths, 0, 1)},
		{name: "resourceapi stopped, both replicas", refuses: true, begin: stopped(apis, 0, 1)},
		{name: "resourceapi killed under load, one replica", begin: killed(apis)},
		{name: "resourceapi does not answer, one replica", long: true, begin: frozen(apis, 1)},
		{name: "clock of one host five minutes ahead", long: true, begin: shifted("5m")},
		{name: "clock of one host five minutes behind", long: true, begin: shifted("-5m")},
		{name: "PostgreSQL failed over to a synchronous standby", begin: func(s *scene) func() { s.postgres.Crash(); s.standby.Promote(); return nil }},
	}},
	{"Redis", onRedis, []fault{
		{name: "Redis stopped", begin: func(s *scene) func() { s.redis.Kill(); return s.redis.Restart }},
		{name: "Redis slow, 300 ms for each answer", begin: func(s *scene) func() {
			s.redisWire.Slow(300 * time.Millisecond)
			return func() { s.redisWire.Slow(0) }
		}},
		{name: "Redis does not answer", long: true, begin: func(s *scene) func() { return s.redisWire.Hold() }},
		{name: "Redis full", begin: told("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0")},
		{name: "Redis read-only", begin: told("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")},
		{name: "Redis flushed", begin: func(s *scene) func() { s.redis.Do("FLUSHALL"); return nil }},
		{name: "Redis restarted from a dump", begin: func(s *scene) func() {
			s.redis.Do("SAVE")
			<-time.After(s.form.lasts) // what is revoked now is unknown to the dump
			s.redis.Kill()
			s.redis.Restart()
			return nil
		}},
		{name: "Redis failed over to a replica that is behind", begin: func(s *scene) func() {
			s.spare.Follow(s.redis)
			s.spare.Do("REPLICAOF", "NO", "ONE")
			<-time.After(s.form.lasts)
			s.redis.Kill()
			s.redisWire.Lead(s.spare.Addr)
			return nil
		}},
	}},
	{"PgBouncer", onPgBouncer, []fault{
		{name: "PostgreSQL stopped, behind PgBouncer", refuses: true, begin: func(s *scene) func() { s.postgres.Stop(); return s.postgres.Restart }},
		{name: "PostgreSQL crashed and restarted, behind PgBouncer", begin: func(s *scene) func() { s.postgres.Crash(); s.postgres.Restart(); return nil }},
	}},
	{"SQLite, and Redis behind Sentinels", onSQLite, []fault{
		{name: "Redis failed over by Sentinels", begin: func(s *scene) func() { s.redis.Kill(); return nil }},
		{name: "disk full under SQLite", begin: func(s *scene) func() { return s.disk.Fill() }},
	}},
}

// deploy starts n replicas of each service.
func deploy(t *testing.T, f form, s *scene, setup stack.Setup, n int) *scene {
	t.Helper()
	setup.AuthEnv = process.Env{"AUTH_PASSWORD_MEMORY": "8", "AUTH_PASSWORD_PASSES": "1"}.With(f.settings)
	setup.APIEnv = f.settings
	if setup.Dir == "" {
		setup.Dir = t.TempDir()
	}
	var err error
	if s.d, err = load.Start(t.Context(), setup, n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.d.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// onPostgres is two replicas of each service on a PostgreSQL with a synchronous
// standby. They know both servers and look for the one that takes writes.
func onPostgres(t *testing.T, f form) *scene {
	s := &scene{postgres: testenv.StartPostgresServer(t, "wal_retrieve_retry_interval=200ms"), redis: testenv.StartRedis(t)}
	var wire, wire2 string
	s.wire, wire = testenv.NewProxy(t, s.postgres.URL)
	s.standby = s.postgres.Standby("wal_retrieve_retry_interval=200ms")
	_, wire2 = testenv.NewProxy(t, s.standby.URL)
	setup := stack.Setup{Redis: s.redis.URL}
	for name, target := range map[string]*string{"auth": &setup.AuthDB, "api": &setup.APIDB} {
		s.postgres.Database(name)
		*target = "postgres://postgres@" + hostOf(wire) + "," + hostOf(wire2) + "/" + name + "?sslmode=disable&target_session_attrs=read-write"
	}
	s.postgres.Set("synchronous_standby_names", "*")
	return deploy(t, f, s, setup, 2)
}

func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "@")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func onRedis(t *testing.T, f form) *scene {
	s := &scene{redis: testenv.StartRedis(t), spare: testenv.StartRedis(t)}
	setup := stack.Setup{AuthDB: testenv.Postgres(t), APIDB: testenv.Postgres(t)}
	s.redisWire, setup.Redis = testenv.NewProxy(t, s.redis.URL)
	return deploy(t, f, s, setup, 2)
}

// onPgBouncer is two replicas of each service behind a PgBouncer in transaction mode,
// which looks again each second for a server that was away (server_login_retry; as it
// comes, each 15 seconds).
func onPgBouncer(t *testing.T, f form) *scene {
	s := &scene{postgres: testenv.StartPostgresServer(t), redis: testenv.StartRedis(t)}
	setup := stack.Setup{Redis: s.redis.URL}
	for name, target := range map[string]*string{"auth": &setup.AuthDB, "api": &setup.APIDB} {
		*target = testenv.StartPgBouncer(t, s.postgres.Database(name), "server_login_retry = 1")
	}
	return deploy(t, f, s, setup, 2)
}

// onSQLite has one replica of each service, on a small disk.
func onSQLite(t *testing.T, f form) *scene {
	s := &scene{redis: testenv.StartRedis(t), spare: testenv.StartRedis(t), disk: testenv.NewDisk(t, "160m")}
	s.spare.Follow(s.redis)
	sentinels := testenv.StartSentinels(t, 3, "latchkey", s.redis, 1)
	return deploy(t, f, s, stack.Setup{
		Redis: "redis+sentinel://" + strings.Join(sentinels, ",") + "/latchkey", Dir: s.disk.Dir,
		AuthDB: "sqlite:" + filepath.Join(s.disk.Dir, "auth.db"), APIDB: "sqlite:" + filepath.Join(s.disk.Dir, "api.db"),
	}, 1)
}

// told gives Redis a command, and another one afterwards.
func told(before, after string) func(s *scene) func() {
	say := func(s *scene, command string) {
		var words []any
		for _, word := range strings.Fields(command) {
			words = append(words, word)
		}
		s.redis.Do(words...)
	}
	return func(s *scene) func() {
		say(s, before)
		return func() { say(s, after) }
	}
}

func auths(s *scene) []*process.Process { return s.d.Auths }
func apis(s *scene) []*process.Process  { return s.d.APIs }

// again starts replicas that have ended, with a program and more on top of its
// environment, at once.
func (s *scene) again(of []*process.Process, program string, more process.Env, which ...int) {
	s.t.Helper()
	var starting sync.WaitGroup
	for _, i := range which {
		starting.Go(func() {
			p, err := of[i].Again(s.t.Context(), program, more)
			if err != nil {
				s.t.Error(err)
				return
			}
			of[i] = p
		})
	}
	starting.Wait()
}

// stopped drains replicas, and starts them again.
func stopped(of func(s *scene) []*process.Process, which ...int) func(s *scene) func() {
	return func(s *scene) func() {
		s.stop(of(s), which...)
		return func() { s.again(of(s), "", nil, which...) }
	}
}

func (s *scene) stop(of []*process.Process, which ...int) {
	var stopping sync.WaitGroup
	for _, i := range which {
		stopping.Go(func() {
			if err := of[i].Stop(); err != nil {
				s.t.Error(err)
			}
		})
	}
	stopping.Wait()
}

// killed is a crash of one replica, which is started again at once.
func killed(of func(s *scene) []*process.Process) func(s *scene) func() {
	return func(s *scene) func() {
		of(s)[0].Kill()
		s.again(of(s), "", nil, 0)
		return nil
	}
}

func frozen(of func(s *scene) []*process.Process, which ...int) func(s *scene) func() {
	return func(s *scene) func() {
		for _, i := range which {
			of(s)[i].Freeze()
		}
		return func() {
			for _, i := range which {
				of(s)[i].Thaw()
			}
		}
	}
}

// shifted gives one host, with a replica of each service, another clock.
func shifted(by string) func(s *scene) func() {
	return func(s *scene) func() {
		if s.shifted.Auth == "" {
			s.shifted = s.buildShifted()
		}
		s.move(s.shifted, process.Env{stack.ClockShift: by})
		return func() { s.move(s.d.Binaries(), nil) }
	}
}

// move starts the replicas of the second host anew, with these programs.
func (s *scene) move(to stack.Binaries, env process.Env) {
	s.t.Helper()
	s.stop(s.d.Auths, 1)
	s.stop(s.d.APIs, 1)
	s.again(s.d.Auths, to.Auth, env, 1)
	s.again(s.d.APIs, to.API, env, 1)
}

func (s *scene) buildShifted() (b stack.Binaries) {
	s.t.Helper()
	for service, program := range map[string]*string{"authserver": &b.Auth, "resourceapi": &b.API} {
		var err error
		if *program, err = stack.BuildShifted(s.t.Context(), service, s.t.TempDir()); err != nil {
			s.t.Fatal(err)
		}
	}
	return b
}
