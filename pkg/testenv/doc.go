// Package testenv gives tests engines to run on: which of them can be reached, a
// fresh database and cache on each, a mail server, and proxies that count what
// reaches PostgreSQL or cut an engine off.
//
// Tests and the commands below pkg/e2e import it; no service does.
package testenv
