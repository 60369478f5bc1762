package fault

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"latchkey/pkg/secret"
)

// Recover ends a panic of the function that defers it: it writes where that happened to
// log, and gives it to found, which may be nil. What goroutines do for a request needs it:
// the recovery of the request is not around them, and a panic would end the process.
func Recover(ctx context.Context, log *slog.Logger, what string, found func(err error)) {
	p := recover()
	if p == nil {
		return
	}
	err := fmt.Errorf("panic in %s: %v", what, p)
	log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("error", secret.Redact(err.Error())), slog.String("stack", string(debug.Stack())))
	if found != nil {
		found(err)
	}
}
