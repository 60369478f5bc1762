package database

import (
	"context"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/span"
)

// spans records what is sent to PostgreSQL: the verb of a statement and its table,
// nothing else of it. What requests send together is recorded with the first of them.
type spans struct{}

type spanKey struct{}

// How OpenTelemetry calls the engines (db.system.name).
const (
	postgresSystem = "postgresql"
	sqliteSystem   = "sqlite"
)

// table is the first table that a statement names.
var table = regexp.MustCompile("(?i)\\b(?:from|into|update|join)\\s+[\"`]?([a-z_]+)")

// begin starts the span of a statement. Its context is for end.
func begin(ctx context.Context, system, text string) context.Context {
	if !span.On() {
		return ctx
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	verb = strings.ToUpper(strings.Trim(verb, ";"))
	if strings.Trim(verb, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		verb = "STATEMENT"
	}
	attrs, name := []span.Attr{{Key: "db.system.name", Value: system}, {Key: "db.operation.name", Value: verb}}, verb
	if m := table.FindStringSubmatch(text); m != nil {
		name, attrs = verb+" "+m[1], append(attrs, span.Attr{Key: "db.collection.name", Value: m[1]})
	}
	a := span.Start(ctx, name, attrs...)
	if a == nil {
		return ctx
	}
	return context.WithValue(ctx, spanKey{}, a)
}

func end(ctx context.Context, err error) {
	if !span.On() {
		return
	}
	a, _ := ctx.Value(spanKey{}).(*span.Active)
	a.End(err)
}

// TraceQueryStart implements pgx.QueryTracer.
func (spans) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	return begin(ctx, postgresSystem, q.SQL)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (spans) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryEndData) {
	end(ctx, q.Err)
}

// TraceBatchStart implements pgx.BatchTracer. The last statement is the one that was
// asked for: others set things for it.
func (spans) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	if b.Batch == nil || len(b.Batch.QueuedQueries) == 0 {
		return ctx
	}
	return begin(ctx, postgresSystem, b.Batch.QueuedQueries[len(b.Batch.QueuedQueries)-1].SQL)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (spans) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (spans) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchEndData) {
	end(ctx, b.Err)
}
