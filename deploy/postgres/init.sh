#!/bin/sh
# Run once by the postgres image on an empty volume: a database and a role per
# service. The resource API's tables belong to latchkey_api_owner, which only
# migrates; the service itself connects as latchkey_api, which owns nothing and
# is subject to row-level security.
set -eu

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  -v auth="$(cat /run/secrets/auth_password)" \
  -v owner="$(cat /run/secrets/api_owner_password)" \
  -v api="$(cat /run/secrets/api_password)" <<'SQL'
CREATE ROLE latchkey_auth LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'auth';
CREATE ROLE latchkey_api_owner LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner';
CREATE ROLE latchkey_api LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'api';
CREATE DATABASE latchkey_auth OWNER latchkey_auth;
CREATE DATABASE latchkey_api OWNER latchkey_api_owner;
REVOKE CONNECT ON DATABASE latchkey_auth, latchkey_api FROM PUBLIC;
GRANT CONNECT ON DATABASE latchkey_api TO latchkey_api;
\connect latchkey_api
ALTER SCHEMA public OWNER TO latchkey_api_owner;
GRANT USAGE ON SCHEMA public TO latchkey_api;
SQL
