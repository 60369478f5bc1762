#!/bin/sh
# `make run`: both services on embedded engines, everything they know under
# data/. With the argument "seed" it fills data/ with a demo family instead.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p data

: "${AUTH_ADDR:=127.0.0.1:8080}" "${AUTH_OPS_ADDR:=127.0.0.1:8090}" "${AUTH_ISSUER:=http://127.0.0.1:8080}"
: "${AUTH_DATABASE_URL:=sqlite:data/auth.db}"
: "${API_ADDR:=127.0.0.1:8081}" "${API_OPS_ADDR:=127.0.0.1:8091}" "${API_URL:=http://127.0.0.1:8081}"
: "${API_ISSUER:=$AUTH_ISSUER}" "${API_DATABASE_URL:=sqlite:data/api.db}"
: "${AUTH_API_URL:=$API_URL}" "${AUTH_REGISTRATION:=open}"
export AUTH_REGISTRATION AUTH_ADDR AUTH_OPS_ADDR AUTH_ISSUER AUTH_API_URL AUTH_DATABASE_URL
export API_ADDR API_OPS_ADDR API_URL API_ISSUER API_DATABASE_URL

bin/authserver migrate up >/dev/null
bin/resourceapi migrate up >/dev/null

# member NAME: the string member NAME of the JSON on standard input.
member() { sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }

# The resource API may introspect because it holds this credential. It is
# registered once; a data/ whose database was deleted gets a new one.
register() {
  if [ -s data/resourceapi.id ] && [ -s data/resourceapi.secret ] &&
    bin/authserver client show "$(cat data/resourceapi.id)" --json >/dev/null 2>&1; then
    return
  fi
  created=$(bin/authserver client create --name resourceapi --resource-server --json)
  printf '%s\n' "$created" | member client_id >data/resourceapi.id
  printf '%s\n' "$created" | member client_secret >data/resourceapi.secret
}

if [ "${1:-}" = seed ]; then
  made=$(bin/authserver seed --json)
  printf '%s\n' "$made"
  exec bin/resourceapi seed --family "$(printf '%s\n' "$made" | member family_id)"
fi

register
API_INTROSPECTION_CLIENT_ID=$(cat data/resourceapi.id)
API_INTROSPECTION_CLIENT_SECRET_FILE=data/resourceapi.secret
export API_INTROSPECTION_CLIENT_ID API_INTROSPECTION_CLIENT_SECRET_FILE

# Deleting an account removes the household's data too: authserver tells
# resourceapi, and both know this secret.
[ -s data/erasure.secret ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >data/erasure.secret
: "${AUTH_ERASURE_URL:=$API_URL}"
AUTH_ERASURE_SECRET_FILE=data/erasure.secret API_ERASURE_SECRET_FILE=data/erasure.secret
export AUTH_ERASURE_URL AUTH_ERASURE_SECRET_FILE API_ERASURE_SECRET_FILE

auth='' api=''
stop() {
  trap - INT TERM EXIT
  # shellcheck disable=SC2086 # an empty id is no argument
  kill $auth $api 2>/dev/null || true
  wait
}
trap 'stop; exit 0' INT TERM
trap stop EXIT

bin/authserver serve &
auth=$!
bin/resourceapi serve &
api=$!

alive() { kill -0 "$auth" 2>/dev/null && kill -0 "$api" 2>/dev/null; }

tries=0
until bin/authserver healthcheck >/dev/null 2>&1 && bin/resourceapi healthcheck >/dev/null 2>&1 && alive; do
  tries=$((tries + 1))
  if [ "$tries" -gt 150 ] || ! alive; then
    echo 'A service did not start; its reason is above.' >&2
    exit 1
  fi
  sleep 0.2
done

cat <<TEXT

  Latchkey is running. Its data is in data/; Ctrl-C stops it.

    authserver    $AUTH_ISSUER    sign up, sign in, consent, tokens
    resourceapi   $API_URL    the household's data

  First steps:
    1. Sign up:                  $AUTH_ISSUER/signup
    2. Register an application:  bin/authserver client create --name "My app" --public \\
                                   --redirect-uri http://127.0.0.1:4711/callback --scope "read read_write"
    3. README.md, “First call”, shows the rest.

TEXT

while alive; do sleep 1; done
echo 'A service ended; stopping the other.' >&2
exit 1
