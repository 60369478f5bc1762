#!/bin/sh
# Run once by the postgres image on an empty volume: a database and a role per
# service. The resource API's tables belong to …_api_owner, which only migrates;
# the service itself connects as …_api, which owns nothing and is bound by
# row-level security. NAME and SECRETS are for setting it up elsewhere.
set -eu
: "${NAME:=latchkey}" "${SECRETS:=/run/secrets}"

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --quiet \
  -v auth="${NAME}_auth" -v owner="${NAME}_api_owner" -v api="${NAME}_api" \
  -v auth_password="$(cat "$SECRETS/auth_password")" \
  -v owner_password="$(cat "$SECRETS/api_owner_password")" \
  -v api_password="$(cat "$SECRETS/api_password")" <<'SQL'
CREATE ROLE :"auth" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'auth_password';
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE :"api" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'api_password';
CREATE DATABASE :"auth" OWNER :"auth";
CREATE DATABASE :"api" OWNER :"owner";
REVOKE CONNECT ON DATABASE :"auth", :"api" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"api" TO :"api";
\connect :"api"
ALTER SCHEMA public OWNER TO :"owner";
GRANT USAGE ON SCHEMA public TO :"api";
SQL
