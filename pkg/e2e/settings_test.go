package e2e

import "latchkey/pkg/testenv/process"

// unthrottled lifts the limits per address: every test comes from 127.0.0.1. A
// password costs next to nothing.
var unthrottled = process.Env{
	"AUTH_THROTTLE_SIGNIN_ADDRESS": "100000/1m",
	"AUTH_THROTTLE_SIGNUP":         "100000/1m",
	"AUTH_THROTTLE_TOKEN":          "100000/1m",
	"AUTH_DATABASE_CONNECTIONS":    "8",
	"AUTH_PASSWORD_MEMORY":         "8",
	"AUTH_PASSWORD_PASSES":         "1",
}

// modest keeps several stacks within the hundred connections a PostgreSQL server
// allows by default.
var modest = process.Env{"API_DATABASE_CONNECTIONS": "8"}
