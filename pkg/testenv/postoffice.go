package testenv

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// PostOffice is a mail server that takes emails without encryption.
type PostOffice struct {
	Addr   string      // host:port
	Emails chan string // each as it came, header and body
	refuse string
}

// OpenPostOffice opens one that closes with the test. refuse is what it answers
// to every recipient; "": it takes them.
func OpenPostOffice(t testing.TB, refuse string) *PostOffice {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it closes with the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &PostOffice{Addr: listener.Addr().String(), refuse: refuse, Emails: make(chan string, 100)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *PostOffice) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the conversation is over
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 post office")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); {
		case verb == "EHLO":
			say("250-post office")
			say("250 8BITMIME")
		case verb == "RCPT" && p.refuse != "":
			say(p.refuse)
		case verb == "DATA":
			say("354 go on")
			p.Emails <- readEmail(in)
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func readEmail(in *bufio.Reader) string {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return text.String()
		}
		text.WriteString(line)
	}
}
