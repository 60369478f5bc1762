#!/usr/bin/env bash
# engines.sh COMMAND…, or -c TEXT as the shell of make: runs it beside a PostgreSQL and a Redis that end with it and
# write nothing to a disk for sure: a run makes and removes hundreds of databases, and a
# server that syncs waits for the disk each time. Where TEST_POSTGRES_URL or TEST_REDIS_URL
# names one, or its program is missing, none is started.
set -euo pipefail

dir=
finish() {
  if [ -z "$dir" ]; then return; fi
  if [ -f "$dir/data/postmaster.pid" ]; then as_server "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null || true; fi
  if [ -f "$dir/redis.pid" ]; then kill "$(cat "$dir/redis.pid")" || true; fi
  rm -rf "$dir"
}
trap finish EXIT

# as_server runs a program of PostgreSQL's, which refuses root.
as_server() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }

# programs prints the folder of initdb and pg_ctl.
programs() {
  if [ -n "${TEST_POSTGRES_BIN:-}" ]; then echo "$TEST_POSTGRES_BIN"; return; fi
  local newest
  newest=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1) || true
  if [ -n "$newest" ]; then echo "$newest"; return; fi
  if command -v initdb >/dev/null; then dirname "$(command -v initdb)"; fi
}

random_port() { echo $((RANDOM % 10000 + 20000)); }

folder() {
  if [ -n "$dir" ]; then return; fi
  dir=$(mktemp -d "${TMPDIR:-/tmp}/latchkey-engines-XXXXXX")
  if [ "$(id -u)" -eq 0 ] && id postgres >/dev/null 2>&1; then chown postgres "$dir"; fi
}

start_postgres() {
  bin=$(programs)
  if [ -z "$bin" ]; then return; fi
  folder
  local port locale settings
  locale=$(locale -a 2>/dev/null | grep -iEm1 '^C\.utf-?8$') || true # letters beyond ASCII have cases
  as_server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 ${locale:+"--locale=$locale"} --no-sync >/dev/null
  settings="fsync = off
full_page_writes = off
autovacuum = off
max_connections = 300
max_wal_size = 8GB
checkpoint_timeout = 1h
unix_socket_directories = '$dir'"
  echo "$settings" >>"$dir/data/postgresql.conf"
  for _ in 1 2 3 4 5; do
    port=$(random_port)
    if as_server "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" -o "-h 127.0.0.1 -p $port" start >/dev/null; then
      export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
      return
    fi
  done
  cat "$dir/log" >&2
  return 1
}

start_redis() {
  if ! command -v redis-server >/dev/null; then return; fi
  folder
  local port
  for _ in 1 2 3 4 5; do
    port=$(random_port)
    (cd "$dir" && redis-server --daemonize yes --bind 127.0.0.1 --port "$port" --save "" --appendonly no --pidfile "$dir/redis.pid" >/dev/null)
    for _ in $(seq 50); do
      if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && [ -f "$dir/redis.pid" ]; then
        export TEST_REDIS_URL="redis://127.0.0.1:$port"
        return
      fi
      sleep 0.1
    done
  done
  return 1
}

if [ -z "${TEST_POSTGRES_URL:-}" ]; then start_postgres; fi
if [ -z "${TEST_REDIS_URL:-}" ]; then start_redis; fi
if [ "$1" = -c ]; then set -- sh "$@"; fi
"$@"
