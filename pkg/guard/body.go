package guard

import (
	"io"
	"net/http"
	"time"
)

// defaultLife is what Options.Life is when it is 0.
const defaultLife = time.Second

// body is the body of a request. Whoever sends it slowly is asked for again with each
// piece that arrives later than Options.Life after the last question, so nothing is done
// for somebody who could not begin it now.
type body struct {
	io.ReadCloser
	g     *Guard
	w     http.ResponseWriter
	r     *http.Request
	p     *Principal
	need  Requirement
	asked time.Time

	refused error // nil: the caller is still who may call
}

// Read implements io.Reader.
func (b *body) Read(into []byte) (int, error) {
	if b.refused != nil {
		return 0, b.refused
	}
	n, err := b.ReadCloser.Read(into)
	now := b.g.opts.Now()
	if now.Sub(b.asked) < b.g.opts.Life {
		return n, err //nolint:wrapcheck // of the body
	}
	b.asked = now
	if b.refused = b.again(); b.refused != nil {
		return 0, b.refused
	}
	return n, err //nolint:wrapcheck // of the body
}

// again returns why the caller may not call any more, as it is to be answered.
func (b *body) again() error {
	p, err := b.g.principal(b.r, b.asked, b.need.AnyResource)
	if err == nil && (p.UserID != b.p.UserID || p.FamilyID != b.p.FamilyID) {
		err = ruleInactive.refuse(messageToken) // the handler has begun in another family's name
	}
	if err != nil {
		return b.g.refuse(b.w, b.r, err, b.need.Scope, false)
	}
	p.LimitState = b.p.LimitState
	*b.p = *p
	return b.g.Require(b.w, b.r, p, b.need)
}
