package event

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"latchkey/authserver"
)

// Verified is what came of a look at all events.
type Verified struct {
	Events int      // in the chain
	Fresh  int      // not sealed yet
	Head   string   // of the chain; "": there is none
	Faults []string // the first of them, a sentence each
}

// errNoKeys says that nothing can be verified.
var errNoKeys = errors.New("there is no encryption key: security events cannot be verified")

const mostFaults = 50

func (v *Verified) fault(format string, args ...any) {
	if len(v.Faults) < mostFaults {
		v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
	}
}

// Verify looks at every event: whether one was changed, inserted or removed since
// the server wrote it, or the end was cut off. heads are those that were logged.
// Servers may run meanwhile.
func (r *Recorder) Verify(ctx context.Context, heads map[int64][]byte) (*Verified, error) {
	if r.Keys == nil {
		return nil, errNoKeys
	}
	v := &Verified{}
	last, err := r.Chain.LastSealed(ctx)
	if err != nil {
		return nil, err
	}
	c, err := r.Chain.FindEventChain(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case c == nil && last > 0:
		v.fault("the row of event_chain was removed")
		c = &authserver.EventChain{}
	case c == nil:
		c = &authserver.EventChain{}
	case !r.Keys.good(c.Mark, covered(c)):
		v.fault("the row of event_chain was changed")
	}
	if last > c.Position {
		v.fault("events were inserted after the end of the chain, which is at %d", c.Position)
	}
	v.Head = head(c)
	if err := r.walk(ctx, v, c, heads); err != nil {
		return nil, err
	}
	for position := range heads {
		if position > c.Position {
			v.fault("the chain was cut off: it ends at %d, and %d was logged", c.Position, position)
		}
	}
	fresh, err := r.Chain.UnsealedEvents(ctx, 0)
	for i := range fresh {
		r.check(v, &fresh[i])
	}
	v.Fresh = len(fresh)
	r.pass(v.Fresh)
	return v, err
}

// walk goes through the chain from what was swept to its end.
func (r *Recorder) walk(ctx context.Context, v *Verified, c *authserver.EventChain, heads map[int64][]byte) error {
	at, seal := c.Swept, c.SweptSeal
	for at < c.Position {
		found, err := r.Chain.SealedEvents(ctx, at, chunk)
		if err != nil {
			return err
		}
		for i := range found {
			e := &found[i]
			if e.Position > c.Position {
				break
			}
			if e.Position != at+1 {
				if at, seal, err = r.gap(ctx, v, at, seal, e.Position); err != nil {
					return err
				}
			}
			r.check(v, e)
			if e.Position == at+1 && !r.Keys.good(e.Seal, sealing(e, seal)) {
				v.fault("event %s at %d is not the one that was sealed there", e.ID, e.Position)
			}
			if logged, ok := heads[e.Position]; ok && !bytes.Equal(logged, e.Seal) {
				v.fault("the head that was logged at %d is another one", e.Position)
			}
			at, seal = e.Position, e.Seal
			v.Events++
		}
		r.pass(len(found))
		if len(found) == 0 || found[len(found)-1].Position > c.Position {
			break
		}
	}
	if at != c.Position {
		v.fault("the end was cut off: events %d to %d are missing", at+1, c.Position)
	} else if !bytes.Equal(seal, c.Seal) {
		v.fault("the last event is not the one that was sealed last")
	}
	return nil
}

// gap says that events are missing before next, unless they were swept meanwhile.
func (r *Recorder) gap(ctx context.Context, v *Verified, at int64, seal []byte, next int64) (int64, []byte, error) {
	now, err := r.Chain.FindEventChain(ctx)
	if err != nil {
		return at, seal, err
	}
	if now != nil && now.Swept == next-1 && r.Keys.good(now.Mark, covered(now)) {
		return now.Swept, now.SweptSeal, nil
	}
	v.fault("events %d to %d were removed", at+1, next-1)
	return at, seal, nil
}

// check compares an event with its mark.
func (r *Recorder) check(v *Verified, e *authserver.SealedEvent) {
	switch {
	case len(e.Mark) == 0:
		v.fault("event %s was written without the key: by a command without AUTH_ENCRYPTION_KEY, or by somebody else", e.ID)
	case !r.Keys.good(e.Mark, marked(&e.Event)):
		v.fault("event %s was changed, or was not written by this server", e.ID)
	}
}
