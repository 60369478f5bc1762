#!/bin/sh
# backup.sh FOLDER [SECONDS]: copies both databases into a folder of its own, named
# for the time, below FOLDER; with SECONDS again and again, so many seconds apart.
# The last KEEP copies stay. It connects as the role …_backup (deploy/postgres/init.sh)
# to PGHOST and PGPORT. NAME and SECRETS are as for init.sh.
set -eu
: "${NAME:=latchkey}" "${SECRETS:=/run/secrets}" "${KEEP:=14}"
folder=$1 every=${2:-}
umask 077
PGPASSWORD=$(cat "$SECRETS/backup_password")
export PGPASSWORD

backup() {
  rm -rf "$folder/.unfinished"
  mkdir -p "$folder/.unfinished"
  for one in auth api; do
    pg_dump --username "${NAME}_backup" --dbname "${NAME}_$one" --format custom --file "$folder/.unfinished/$one.dump" || return 1
    pg_restore --list "$folder/.unfinished/$one.dump" >/dev/null || return 1
  done
  at=$(date -u +%Y%m%dT%H%M%SZ)
  mv "$folder/.unfinished" "$folder/$at"
  echo "copied both databases to $folder/$at"
  ls -d "$folder"/[0-9]*Z | sort -r | tail -n +"$((KEEP + 1))" | while read -r old; do rm -rf "$old"; done
}

if [ -z "$every" ]; then
  backup
  exit
fi
trap 'exit 0' TERM INT
while :; do
  backup || echo 'No copy was made; the reason is above.' >&2
  sleep "$every" &
  wait $!
done
