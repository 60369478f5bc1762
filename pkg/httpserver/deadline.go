package httpserver

import (
	"net"
	"sync/atomic"
	"time"
)

// step is how much earlier than asked a deadline of a connection may stand.
const step = time.Second

// stepListener accepts connections whose deadlines move in steps.
type stepListener struct{ *net.TCPListener }

// Accept implements net.Listener.
func (l stepListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err //nolint:wrapcheck // net/http looks at its type
	}
	return &stepConn{TCPConn: c}, nil
}

// stepConn is a connection for net/http, which sets or lifts eight deadlines for each
// request. One that would move by less than a step stays where it is. None for writing
// is lifted, for net/http sets it again before it writes; and for reading only one that
// came early, as that of a body does: the others are beyond the end of the request, for
// the connection is watched meanwhile.
type stepConn struct {
	*net.TCPConn
	read, write atomic.Int64 // those that stand, in Unix nanoseconds; 0: none
	early       atomic.Bool  // read is earlier than the one before it
}

// cutOff is the deadline by which net/http ends its watching. It lifts it, and sets
// another one before it reads again.
var cutOff = time.Unix(1, 0)

// SetReadDeadline implements net.Conn.
func (c *stepConn) SetReadDeadline(t time.Time) error {
	at, standing := t.UnixNano(), c.read.Load()
	switch {
	case t.IsZero() && !c.early.Load():
		return nil
	case t.IsZero(), t.Equal(cutOff):
		at, standing = 0, 0
	case near(standing, at):
		return nil
	}
	c.read.Store(at)
	c.early.Store(at < standing)
	return c.TCPConn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *stepConn) SetWriteDeadline(t time.Time) error {
	at := t.UnixNano()
	if t.IsZero() || near(c.write.Load(), at) {
		return nil
	}
	c.write.Store(at)
	return c.TCPConn.SetWriteDeadline(t)
}

// near reports whether a deadline at a time is so little after the one that stands that
// this one may go on standing.
func near(standing, at int64) bool {
	return standing != 0 && at >= standing && at < standing+int64(step)
}
