#!/bin/sh
# restore.sh FOLDER: fills both databases, which are empty, from a folder that backup.sh
# made, as the roles that own them; all of a database or nothing. NAME and SECRETS are as
# for init.sh, which has made the databases; PGHOST and PGPORT say where they are.
set -eu
: "${NAME:=latchkey}" "${SECRETS:=/run/secrets}"

# fill DATABASE ROLE
fill() {
  PGPASSWORD=$(cat "$SECRETS/${2}_password") pg_restore --username "${NAME}_$2" --dbname "${NAME}_$1" \
    --no-owner --exit-on-error --single-transaction "$folder/$1.dump"
  echo "restored ${NAME}_$1"
}

folder=$1
fill auth auth
fill api api_owner
