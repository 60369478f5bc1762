// Package authserver is the vocabulary of the authorization server: people,
// clients, consents, grants, tokens and keys, and the rules that hold
// wherever they appear. It knows no database, no HTTP and no OAuth library.
//
// Words are RFC 6749's unless the glossary in docs/architecture.md says
// otherwise.
package authserver
