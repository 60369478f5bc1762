package e2e

import (
	"latchkey/pkg/testenv/process"
)

// unthrottled lifts the limits per address, for every test comes from 127.0.0.1,
// and those per user and client. A password costs next to nothing.
var unthrottled = process.Env{
	"AUTH_THROTTLE_SIGNIN_ADDRESS": "100000/1m",
	"AUTH_THROTTLE_SIGNUP":         "100000/1m",
	"AUTH_THROTTLE_TOKEN":          "100000/1m",
	"AUTH_THROTTLE_REGISTRATION":   "off",
	"AUTH_CODES_PER_MINUTE":        "0",
	"AUTH_REFRESHES_PER_MINUTE":    "0",
	"AUTH_DATABASE_CONNECTIONS":    "8",
	"AUTH_PASSWORD_MEMORY":         "8",
	"AUTH_PASSWORD_PASSES":         "1",
}

// modest keeps several stacks within the hundred connections a PostgreSQL server
// allows by default.
var modest = process.Env{"API_DATABASE_CONNECTIONS": "8"}

// cheapPasswords is the least that argon2id can do, for tests in which many sign in.
var cheapPasswords = process.Env{"AUTH_PASSWORD_MEMORY": "8", "AUTH_PASSWORD_PASSES": "1"}

// manyGrants lets one user have many grants, and codes, of one client.
var manyGrants = process.Env{"AUTH_GRANT_LIMIT": "0", "AUTH_CODE_LIMIT": "0"}
