// Package chaos takes engines, hosts and services away from a deployment that is
// under load, and measures what becomes of it. Its tests are the program: `make
// chaos` runs them in their long form, which writes docs/outages.md.
package chaos
