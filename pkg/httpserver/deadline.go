package httpserver

import (
	"net"
	"sync"
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

// stepConn is a connection for net/http, which sets or lifts eight deadlines for
// every request. One that would move by less than a step stays where it is, and
// none is lifted: net/http lifts them only to set them again before it depends on
// them.
type stepConn struct {
	*net.TCPConn
	mu          sync.Mutex
	read, write time.Time // those that stand; zero: none was set yet
	cut         bool      // reading has been cut off, and read is to stand again
}

// SetReadDeadline implements net.Conn. A time that has passed cuts reading off,
// as net/http does to get its watching of the connection back; lifting that puts
// back the deadline that stood before.
func (c *stepConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cut && t.IsZero():
		t = c.read
	case t.IsZero(), !c.cut && near(c.read, t):
		return nil
	case (c.read.IsZero() || t.Before(c.read)) && time.Until(t) <= 0: //nolint:forbidigo // deadlines of connections go by this clock
		c.cut = true
		return c.TCPConn.SetReadDeadline(t)
	}
	c.read, c.cut = t, false
	return c.TCPConn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *stepConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.IsZero() || near(c.write, t) {
		return nil
	}
	c.write = t
	return c.TCPConn.SetWriteDeadline(t)
}

// near reports whether t is so little after the deadline that stands that this
// one may go on standing.
func near(standing, t time.Time) bool {
	later := t.Sub(standing)
	return !standing.IsZero() && later >= 0 && later < step
}
