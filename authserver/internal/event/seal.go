package event

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"latchkey/authserver"
)

// Chain keeps what proves events. Every method joins the transaction in its context.
type Chain interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// LockEventChain holds the chain until the transaction ends.
	LockEventChain(ctx context.Context) (*authserver.EventChain, error)
	// FindEventChain returns the chain; nil, nil: there is none.
	FindEventChain(ctx context.Context) (*authserver.EventChain, error)
	SaveEventChain(ctx context.Context, c *authserver.EventChain) error
	// SealEvents stores the marks, positions and seals of events.
	SealEvents(ctx context.Context, list []authserver.SealedEvent) error
	// UnsealedEvents returns events that are not in the chain, oldest first. limit 0: all.
	UnsealedEvents(ctx context.Context, limit int) ([]authserver.SealedEvent, error)
	// SealedEvents returns the events of the chain after a position, in order.
	SealedEvents(ctx context.Context, after int64, limit int) ([]authserver.SealedEvent, error)
	LastSealed(ctx context.Context) (int64, error)
	DeleteSealed(ctx context.Context, upTo int64) error
	// CountSealed counts the events of the chain from before a moment, up to the first
	// that is not.
	CountSealed(ctx context.Context, before time.Time) (int64, error)
}

const (
	sealEvery  = 5 * time.Second
	sealBatch  = 200
	sweepBatch = 100
	sweepRest  = 20 * time.Millisecond // between two batches: others hardly notice
)

// head is the end of a chain, as it is logged: position and seal.
func head(c *authserver.EventChain) string {
	return fmt.Sprintf("%d:%s", c.Position, hex.EncodeToString(c.Seal))
}

// RunSeals seals what has been committed, until ctx ends. Every replica may run it:
// the chain is held by one at a time.
func (r *Recorder) RunSeals(ctx context.Context) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		if err := r.Seal(ctx); err != nil && ctx.Err() == nil {
			r.Logger.LogAttrs(ctx, slog.LevelError, "security events were not sealed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Seal puts the committed events that are in no chain at the end of it. Without keys
// it does nothing.
func (r *Recorder) Seal(ctx context.Context) error {
	for r.Keys != nil {
		waiting, err := r.Chain.UnsealedEvents(ctx, 1)
		if err != nil || len(waiting) == 0 {
			return err
		}
		n := 0
		err = r.Chain.InTx(ctx, func(ctx context.Context) (err error) {
			n, err = r.sealSome(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if r.Sealed != nil {
			r.Sealed(n)
		}
	}
	return nil
}

// sealSome seals some events. Those that were written before there was a key are
// marked when the chain begins; later a mark that is missing is a fault.
func (r *Recorder) sealSome(ctx context.Context) (int, error) {
	c, err := r.Chain.LockEventChain(ctx)
	if err != nil {
		return 0, err
	}
	begins, limit := c.Position == 0, sealBatch
	if begins {
		limit = 0
	}
	found, err := r.Chain.UnsealedEvents(ctx, limit)
	if err != nil {
		return 0, err
	}
	for i := range found {
		e := &found[i]
		if begins && len(e.Mark) == 0 {
			e.Mark = r.Keys.make(marked(&e.Event))
		}
		c.Position++
		e.Position = c.Position
		e.Seal = r.Keys.make(sealing(e, c.Seal))
		c.Seal = e.Seal
	}
	if err := r.Chain.SealEvents(ctx, found); err != nil {
		return 0, err
	}
	r.logHead(ctx, c)
	return len(found), r.saveChain(ctx, c)
}

// logHead logs the head of the chain once a day.
func (r *Recorder) logHead(ctx context.Context, c *authserver.EventChain) {
	const day = 24 * time.Hour
	if today := int(r.Now().Unix() / int64(day/time.Second)); c.LoggedDay < today {
		c.LoggedDay = today
		head := head(c)
		r.Store.AfterCommit(ctx, func(ctx context.Context) {
			r.Logger.LogAttrs(ctx, slog.LevelInfo, "head of the security events", slog.String("head", head))
		})
	}
}

// saveChain stores where the chain stands.
func (r *Recorder) saveChain(ctx context.Context, c *authserver.EventChain) error {
	c.Mark = r.Keys.make(covered(c))
	return r.Chain.SaveEventChain(ctx, c)
}

// Sweep deletes events of the chain from before a moment, from its beginning on, in
// even batches, and rests between two. It calls gone for each batch.
func (r *Recorder) Sweep(ctx context.Context, before time.Time, gone func(n int64)) error {
	for r.Keys != nil {
		n := 0
		first, err := r.Chain.SealedEvents(ctx, 0, 1)
		if err != nil || len(first) == 0 || !first[0].At.Before(before) {
			return err
		}
		err = r.Chain.InTx(ctx, func(ctx context.Context) (err error) {
			n, err = r.sweepSome(ctx, before)
			return err
		})
		if err == nil {
			gone(int64(n))
		}
		if err != nil || n < sweepBatch {
			return err
		}
		pause := time.NewTimer(sweepRest)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
	return nil
}

// Expired counts what Sweep would delete.
func (r *Recorder) Expired(ctx context.Context, before time.Time) (int64, error) {
	if r.Keys == nil {
		return 0, nil
	}
	return r.Chain.CountSealed(ctx, before)
}

func (r *Recorder) sweepSome(ctx context.Context, before time.Time) (n int, err error) {
	c, err := r.Chain.LockEventChain(ctx)
	if err != nil {
		return 0, err
	}
	found, err := r.Chain.SealedEvents(ctx, c.Swept, sweepBatch)
	if err != nil {
		return 0, err
	}
	for n < len(found) && found[n].At.Before(before) {
		c.Swept, c.SweptSeal = found[n].Position, found[n].Seal
		n++
	}
	if n == 0 {
		return 0, nil
	}
	if err := r.Chain.DeleteSealed(ctx, c.Swept); err != nil {
		return 0, err
	}
	return n, r.saveChain(ctx, c)
}

// Reseal marks and seals every event anew under the current key. It holds the chain
// all the while. The head is logged again.
func (r *Recorder) Reseal(ctx context.Context) error {
	if r.Keys == nil {
		return nil
	}
	return r.Chain.InTx(ctx, func(ctx context.Context) error {
		c, err := r.Chain.LockEventChain(ctx)
		if err != nil {
			return err
		}
		waiting, err := r.Chain.UnsealedEvents(ctx, 0)
		if err != nil {
			return err
		}
		if err := r.remark(ctx, waiting); err != nil {
			return err
		}
		last := c.SweptSeal
		for after := c.Swept; ; {
			found, err := r.Chain.SealedEvents(ctx, after, chunk)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				break
			}
			for i := range found {
				e := &found[i]
				e.Mark = r.Keys.make(marked(&e.Event))
				e.Seal = r.Keys.make(sealing(e, last))
				last, after = e.Seal, e.Position
			}
			if err := r.Chain.SealEvents(ctx, found); err != nil {
				return err
			}
			c.Position = after
			r.pass(len(found))
		}
		c.Seal, c.LoggedDay = last, 0
		r.logHead(ctx, c)
		return r.saveChain(ctx, c)
	})
}

func (r *Recorder) pass(n int) {
	if r.Passed != nil {
		r.Passed(int64(n))
	}
}

// remark marks anew, and leaves unsealed, those of list that an old key marked.
func (r *Recorder) remark(ctx context.Context, list []authserver.SealedEvent) error {
	for some := range slices.Chunk(list, chunk) {
		old := slices.DeleteFunc(slices.Clone(some), func(e authserver.SealedEvent) bool { return !r.Keys.outdated(e.Mark) })
		for i := range old {
			old[i].Mark = r.Keys.make(marked(&old[i].Event))
		}
		if len(old) > 0 {
			if err := r.Chain.SealEvents(ctx, old); err != nil {
				return err
			}
		}
		r.pass(len(some))
	}
	return nil
}
