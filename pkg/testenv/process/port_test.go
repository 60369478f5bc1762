package process_test

import (
	"net"
	"testing"

	"latchkey/pkg/testenv/process"
)

// A port the system may give to anybody else in the meantime is a port two
// servers meet on.
func TestFreeAddrIsNobodyElses(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		addr, err := process.FreeAddr()
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if seen[addr] || tcp.Port >= 32768 {
			t.Fatalf("%s: given twice, or among the ports of outgoing connections", addr)
		}
		seen[addr] = true
	}
}
