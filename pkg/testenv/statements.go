package testenv

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"testing"
)

// Statements is a proxy in front of PostgreSQL that reads the frontend messages
// passing through and remembers every statement executed. Transaction control
// counts; a connection pool's liveness ping does not.
type Statements struct {
	*Proxy

	mu   sync.Mutex
	seen []string
}

// CountStatements starts a counting proxy in front of the PostgreSQL at rawURL
// and returns it with the URL that leads through it.
func CountStatements(t testing.TB, rawURL string) (*Statements, string) {
	t.Helper()
	s := &Statements{}
	p, through, err := newProxy(rawURL, s.read)
	if err != nil {
		t.Fatal(err)
	}
	s.Proxy = p
	t.Cleanup(p.Close)
	return s, through
}

// Take returns the statements seen since the last Take, oldest first.
func (s *Statements) Take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.seen
	s.seen = nil
	return taken
}

func (s *Statements) add(text string) {
	if strings.HasPrefix(text, "-- ping") || strings.TrimSpace(text) == ";" || text == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, text)
}

// read parses one connection's frontend messages (PostgreSQL protocol 3,
// "Message Formats"). Whatever happens it drains r, or the copy would block.
func (s *Statements) read(r io.Reader) {
	defer io.Copy(io.Discard, r) //nolint:errcheck // only keeps the pipe moving
	in := bufio.NewReader(r)
	if !skipStartup(in) {
		return
	}
	prepared, portals := map[string]string{}, map[string]string{}
	for {
		kind, body, err := message(in)
		if err != nil {
			return
		}
		switch kind {
		case 'Q':
			text, _ := cstring(body)
			s.add(text)
		case 'P':
			name, rest := cstring(body)
			prepared[name], _ = cstring(rest)
		case 'B':
			portal, rest := cstring(body)
			name, _ := cstring(rest)
			portals[portal] = prepared[name]
		case 'E':
			portal, _ := cstring(body)
			s.add(portals[portal])
		}
	}
}

// skipStartup reads the messages that have no type byte: requests for
// encryption, which a test's server refuses, and the start-up message.
func skipStartup(in *bufio.Reader) bool {
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return false
		}
		length := int64(binary.BigEndian.Uint32(head[:4]))
		if _, err := io.CopyN(io.Discard, in, length-8); err != nil {
			return false
		}
		if binary.BigEndian.Uint32(head[4:]) == 3<<16 {
			return true
		}
	}
}

func message(in *bufio.Reader) (byte, []byte, error) {
	kind, err := in.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	var length uint32
	if err := binary.Read(in, binary.BigEndian, &length); err != nil {
		return 0, nil, err
	}
	body := make([]byte, length-4)
	_, err = io.ReadFull(in, body)
	return kind, body, err
}

func cstring(b []byte) (string, []byte) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		return string(b[:end]), b[end+1:]
	}
	return string(b), nil
}
