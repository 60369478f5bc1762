// Package e2e holds what is said about the product from outside: the demo, and
// tests that build both services, start them as processes and talk to them over
// HTTP. Nothing here knows how a service works inside.
package e2e
