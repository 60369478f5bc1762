package database

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// slowStatement is the time above which a statement of gorm's is logged.
const slowStatement = time.Second

// ormLog writes gorm's failed and slow statements to a slog.Logger, without
// their parameters.
type ormLog struct{ log *slog.Logger }

// LogMode implements logger.Interface: there is one mode.
func (l ormLog) LogMode(logger.LogLevel) logger.Interface { return l }

// Info implements logger.Interface.
func (l ormLog) Info(context.Context, string, ...any) {}

// Warn implements logger.Interface. The data may hold values.
func (l ormLog) Warn(ctx context.Context, message string, _ ...any) {
	l.log.LogAttrs(ctx, slog.LevelWarn, "gorm", slog.String("message", message))
}

// Error implements logger.Interface. The data may hold values.
func (l ormLog) Error(ctx context.Context, message string, _ ...any) {
	l.log.LogAttrs(ctx, slog.LevelError, "gorm", slog.String("message", message))
}

// Trace implements logger.Interface.
func (l ormLog) Trace(ctx context.Context, began time.Time, statement func() (text string, rows int64), err error) {
	failed := err != nil && !errors.Is(err, logger.ErrRecordNotFound)
	took := time.Since(began) //nolint:forbidigo // gorm read the same clock
	if !failed && took <= slowStatement {
		return
	}
	level, attrs := slog.LevelWarn, make([]slog.Attr, 0, 4)
	text, rows := statement()
	attrs = append(attrs, slog.String("statement", text), slog.Int64("rows", rows),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000))
	if failed {
		level, attrs = slog.LevelError, append(attrs, slog.Any("error", err))
	}
	if errors.Is(err, context.Canceled) || breaksConstraint(err) { // nobody waits for it, or the caller is told
		level = slog.LevelDebug
	}
	l.log.LogAttrs(ctx, level, "gorm", attrs...)
}

func breaksConstraint(err error) bool {
	err = Translate(err)
	return IsUnique(err) || errors.Is(err, ErrForeignKey)
}

// ParamsFilter implements gorm.ParamsFilter: a statement is logged without what
// was put into it.
func (l ormLog) ParamsFilter(_ context.Context, text string, _ ...any) (string, []any) {
	return text, nil
}
