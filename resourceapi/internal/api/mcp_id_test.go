package api_test

import (
	"strings"
	"testing"
)

// TestMCP_TheIDOfAMessageComesBackAsItWas, or the message is refused.
func TestMCP_TheIDOfAMessageComesBackAsItWas(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for id, status := range map[string]int{
			`"9007199254740993"`: 200, "999999999999999": 200, "-999999999999999": 200, "0": 200, "9007199254740993": 400, "9223372036854775807": 400,
			"-9007199254740993": 400, "1.5": 400, "1e400": 400, strings.Repeat("9", 5000): 400,
		} {
			r := c.do("POST", "/mcp", `{"jsonrpc":"2.0","id":`+id+`,"method":"ping"}`)
			if r.status != status || status == 200 && !strings.Contains(string(r.raw), `"id":`+id+`,`) || status == 400 && !strings.Contains(r.text("message"), "id of a message") {
				t.Errorf("id %.30s: %d %s", id, r.status, r.raw)
			}
		}
	})
}
