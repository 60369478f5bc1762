package api_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// TestB1_LargeBodiesWaitForAPlace: while others send large bodies slowly, one more is
// told when to try again, and small ones are served.
func TestB1_LargeBodiesWaitForAPlace(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		var slow []net.Conn
		for range 2 {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			_, err = fmt.Fprintf(conn, "POST /api/v1/transactions/batch HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
				c.header.Get("Authorization"))
			if err != nil {
				t.Fatal(err)
			}
			slow = append(slow, conn)
		}
		large := `{"transactions":[` + strings.Repeat(" ", 300_000) + `]}`
		send := func() result { return c.do("POST", "/api/v1/transactions/batch", large) }
		s.until("a place to be missing", func() bool {
			r := send()
			if r.status == 503 && (r.header.Get("Retry-After") != "5" || r.text("error") != "service_unavailable") {
				t.Errorf("%v: %s", r.header, r.raw)
			}
			return r.status == 503
		})
		c.do("POST", "/api/v1/transactions/batch", `{"transactions":[]}`).refuses(422, "validation_failed", "blank")
		c.spend(cash, nil)
		for _, conn := range slow {
			_ = conn.Close()
		}
		s.until("a place to be free", func() bool { return send().status == 422 })
	})
}
