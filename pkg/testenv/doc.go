// Package testenv gives tests, the demo and the benchmarks a world to run in:
// which engines can be reached, a fresh database and cache on each of them, a
// proxy that counts what reaches PostgreSQL or cuts it off, both services as
// real processes, and a browser without a screen that follows forms and
// redirects the way a person's would.
//
// Nothing here is linked into a service.
package testenv
