package httpserver

import (
	"net"
	"time"
)

// NewStepConn is a connection as the server's listener accepts them, whose
// requests take at most that long.
func NewStepConn(c *net.TCPConn, request time.Duration) net.Conn {
	return &stepConn{TCPConn: c, request: request}
}

// NewStepListener is the server's kind of listener.
func NewStepListener(l *net.TCPListener, request time.Duration) net.Listener {
	return stepListener{l, request}
}
