// Package clientdoc finds clients whose id is the https address of a document that
// describes them (draft-ietf-oauth-client-id-metadata-document). Anybody can make
// this server fetch such a document, so that a fetch goes to public addresses only,
// follows nothing, is short, small, shared, remembered and rationed.
package clientdoc
