#!/bin/sh
# Makes the secrets docker-compose.yml reads, once, in deploy/secrets or the folder
# given. What is already there is kept. POSTGRES and REDIS are where they are, as
# host:port, when it is not as in docker-compose.yml. Copy nothing from there into an
# image or a repository.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$top/deploy/secrets}
: "${POSTGRES:=postgres:5432}" "${REDIS:=redis:6379}"
mkdir -p "$dir"
chmod 700 "$dir"
cd "$dir"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# A client secret has a checksum, so authserver makes it: the built binary, the
# checkout, or the image, whichever is there.
client_secret() {
  if [ -x "${AUTHSERVER:-$top/bin/authserver}" ]; then
    "${AUTHSERVER:-$top/bin/authserver}" secret
  elif command -v go >/dev/null; then
    (cd "$top" && go run ./authserver/cmd/authserver secret)
  else
    docker run --rm latchkey/authserver secret
  fi
}

# make_secret NAME VALUE. Containers run as an unprivileged user that is nobody on the
# host, so the files are readable; the folder around them is not.
make_secret() {
  [ -s "$1" ] || printf '%s' "$2" >"$1"
  chmod 444 "$1"
}

make_secret postgres_password "$(random)"
make_secret auth_password "$(random)"
make_secret api_owner_password "$(random)"
make_secret api_password "$(random)"
make_secret backup_password "$(random)"
make_secret redis_password "$(random)"
make_secret auth_database_url "postgres://latchkey_auth:$(cat auth_password)@$POSTGRES/latchkey_auth?sslmode=disable"
make_secret api_owner_database_url "postgres://latchkey_api_owner:$(cat api_owner_password)@$POSTGRES/latchkey_api?sslmode=disable"
make_secret api_database_url "postgres://latchkey_api:$(cat api_password)@$POSTGRES/latchkey_api?sslmode=disable"
make_secret redis_url "redis://latchkey:$(cat redis_password)@$REDIS/0"
make_secret redis_acl "user default off
user latchkey on >$(cat redis_password) ~* &* -@all +@connection +@read +@write +@scripting +@pubsub +time +cluster +info
"
[ -s introspection_secret ] || make_secret introspection_secret "$(client_secret)"
make_secret encryption_key "$(random)"
make_secret erasure_secret "$(random)"
