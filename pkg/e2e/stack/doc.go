// Package stack builds both services and runs them as processes that know each
// other, for the end-to-end tests, the demo and the benchmarks.
package stack
