package guard

import (
	"context"
	"errors"
	"log/slog"

	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// rule is what refused a request: for its log line, never for the caller.
type rule string

const (
	ruleNone     rule = "no credential"
	ruleURL      rule = "a credential in the URL"
	ruleSeveral  rule = "several credentials"
	ruleForm     rule = "malformed credential"
	ruleHeader   rule = "a credential in the wrong header"
	ruleInactive rule = "inactive"
	ruleOwner    rule = "user deactivated"
	ruleExpired  rule = "expired"
	ruleKind     rule = "of another kind than its prefix says"
	ruleNoOwner  rule = "no owner or family"
	ruleNoScope  rule = "no scope of this API"
	ruleResource rule = "meant for another resource"
	ruleAddress  rule = "used from an address outside its allow list"
	ruleNoKeys   rule = "API keys may not call this"
	ruleOwnApps  rule = "only the product's own apps may call this"
	ruleRole     rule = "the role does not allow it"
	ruleScope    rule = "the scope does not reach"
	ruleShared   rule = "not the shared secret"
)

// Error says what the rule is.
func (r rule) Error() string { return string(r) }

// refuse is the fault.Unauthenticated that answers message.
func (r rule) refuse(message string) *fault.Error {
	return fault.Wrap(fault.Unauthenticated, r, message)
}

// because is a refusal whose words are somebody else's.
func (r rule) because(refusal error) error {
	if e, ok := errors.AsType[*fault.Error](refusal); ok {
		return e.WithCause(r)
	}
	return refusal
}

// noteRefusal says on the request's log line which rule refused it. What no rule of
// ours refused is told by its kind: rate_limited, unavailable.
func noteRefusal(ctx context.Context, err error) {
	by := fault.KindOf(err).String()
	if r, ok := errors.AsType[rule](err); ok {
		by = string(r)
	}
	httpserver.Annotate(ctx, slog.String("refused_by", by))
}

// looked is what was presented and where the answer about it came from; empty: from
// our own tables, or from nowhere.
type looked struct {
	credential secret.Token
	from       string
}

// note puts it on the log line of a request that is refused: kind and last four
// characters of the credential, never the credential.
func (l looked) note(ctx context.Context) {
	httpserver.Annotate(ctx, slog.String("credential", l.credential.String()))
	if l.from != "" {
		httpserver.Annotate(ctx, slog.String("answer_from", l.from))
	}
}
