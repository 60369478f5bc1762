package testenv

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
)

// PostOffice is a mail server that takes emails without encryption.
type PostOffice struct {
	Addr   string      // host:port
	Emails chan string // each as it came, header and body
	refuse string
	close  func() error
}

// Close stops taking emails.
func (p *PostOffice) Close() { _ = p.close() }

// OpenPostOffice opens one that closes with the test. refuse is what it answers
// to every recipient; "": it takes them.
func OpenPostOffice(t testing.TB, refuse string) *PostOffice {
	t.Helper()
	return openPostOffice(t, "127.0.0.1:0", refuse)
}

// OpenPostOfficeAt opens one at an address, which takes every email.
func OpenPostOfficeAt(t testing.TB, addr string) *PostOffice {
	t.Helper()
	return openPostOffice(t, addr, "")
}

func openPostOffice(t testing.TB, addr, refuse string) *PostOffice {
	t.Helper()
	listener, err := net.Listen("tcp", addr) //nolint:noctx // it closes with the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &PostOffice{Addr: listener.Addr().String(), refuse: refuse, Emails: make(chan string, 100), close: listener.Close}
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
		text.WriteString(strings.TrimPrefix(line, ".")) // RFC 5321, section 4.5.2
	}
}

// Email is an email as its reader has it.
type Email struct {
	Header  mail.Header
	Subject string
	Text    string
	HTML    string
}

// ReadEmail reads an email that has its message as text and as HTML.
func ReadEmail(t testing.TB, raw string) Email {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	e := Email{Header: m.Header}
	if e.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the email is %q: %v", kind, err)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return e
		}
		if err != nil {
			t.Fatal(err)
		}
		body := io.Reader(part)
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(string(text), "\r\n", "\n")
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			e.Text = plain
		case "text/html":
			e.HTML = plain
		default:
			t.Fatalf("a part of the email is %q", kind)
		}
	}
}
