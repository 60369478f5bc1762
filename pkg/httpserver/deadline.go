package httpserver

import (
	"errors"
	"net"
	"sync"
	"time"
)

// step is how much earlier than asked a deadline of a connection may stand.
const step = time.Second

// stepListener accepts connections whose deadlines move in steps.
type stepListener struct {
	*net.TCPListener
	request time.Duration // that a request may take, answer included
}

// Accept implements net.Listener.
func (l stepListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err //nolint:wrapcheck // net/http looks at its type
	}
	return &stepConn{TCPConn: c, request: l.request}, nil
}

// stepConn is a connection for net/http, which sets or lifts eight deadlines for
// every request. One that would move by less than a step stays where it is. Those
// that net/http lifts stay too where it sets them again before they matter: for
// writing always, for reading if they are beyond the end of the request, for the
// connection is watched meanwhile.
type stepConn struct {
	*net.TCPConn
	request     time.Duration
	mu          sync.Mutex
	read, write time.Time // those that stand; zero: none
	cut         bool      // reading has been cut off, and read is to stand again
}

// SetReadDeadline implements net.Conn. A time that has passed cuts reading off,
// as net/http does to end its watching; lifting that puts back the deadline that
// stood before.
func (c *stepConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cut && t.IsZero():
		t = c.read
	case t.IsZero() && (c.read.IsZero() || in(c.read) > c.request), !c.cut && near(c.read, t):
		return nil
	case !t.IsZero() && (c.read.IsZero() || t.Before(c.read)) && in(t) <= 0:
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

// SetDeadline implements net.Conn.
func (c *stepConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// near reports whether t is so little after the deadline that stands that this
// one may go on standing.
func near(standing, t time.Time) bool {
	later := t.Sub(standing)
	return !standing.IsZero() && later >= 0 && later < step
}

// in is how long it is until t, by the clock that deadlines of connections go by.
func in(t time.Time) time.Duration { return time.Until(t) } //nolint:forbidigo // no other clock will do
