package e2e

import "latchkey/pkg/testenv"

// unthrottled lifts the limits per address: every test comes from 127.0.0.1.
var unthrottled = testenv.Env{}
