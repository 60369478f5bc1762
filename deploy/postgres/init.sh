#!/bin/sh
# Run once by the postgres image on an empty volume: a database and a role per
# service. The resource API's tables belong to …_api_owner, which only migrates;
# the service itself connects as …_api, which owns nothing and is bound by
# row-level security. …_backup reads everything, past row-level security, and
# writes nothing. NAME, SECRETS and PSQL are for setting it up elsewhere.
set -eu
: "${NAME:=latchkey}" "${SECRETS:=/run/secrets}" "${PSQL:=psql --username ${POSTGRES_USER:-postgres}}"

# The passwords go in on standard input: arguments are everybody's to read.
# shellcheck disable=SC2086 # PSQL may be several words
{
  for one in auth api_owner api backup; do
    printf "\\\\set %s_password '%s'\n" "$one" "$(cat "$SECRETS/${one}_password")"
  done
  cat <<'SQL'
CREATE ROLE :"auth" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'auth_password';
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'api_owner_password';
CREATE ROLE :"api" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'api_password';
CREATE ROLE :"backup" LOGIN NOSUPERUSER BYPASSRLS PASSWORD :'backup_password';
GRANT pg_read_all_data TO :"backup";
ALTER ROLE :"backup" SET default_transaction_read_only = on;
CREATE DATABASE :"auth" OWNER :"auth";
CREATE DATABASE :"api" OWNER :"owner";
REVOKE CONNECT ON DATABASE :"auth", :"api" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"api" TO :"api";
GRANT CONNECT ON DATABASE :"auth", :"api" TO :"backup";
\connect :"api"
ALTER SCHEMA public OWNER TO :"owner";
GRANT USAGE ON SCHEMA public TO :"api";
SQL
} | $PSQL -v ON_ERROR_STOP=1 --dbname postgres --quiet --no-psqlrc \
  -v auth="${NAME}_auth" -v owner="${NAME}_api_owner" -v api="${NAME}_api" -v backup="${NAME}_backup"
