// Package x stands in for github.com/ory/x, of which fosite v0.49.0 uses two
// functions, errorsx.WithStack and errorsx.Cause, some interfaces, and
// otelx.End. The original links exporters, gRPC and two logging libraries into
// every program; this module has what fosite calls and nothing else
// (docs/decisions/0002).
package x
