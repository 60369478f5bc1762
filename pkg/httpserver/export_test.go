package httpserver

import "net"

// NewStepConn is a connection as the server's listener accepts them.
func NewStepConn(c *net.TCPConn) net.Conn { return &stepConn{TCPConn: c} }
