package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// withHeader adds a credential to the requests of a client.
type withHeader struct{ header http.Header }

func (h withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range h.header {
		r.Header[name] = values
	}
	return http.DefaultTransport.RoundTrip(r)
}

// assistant connects an unchanged client of the SDK.
func (c *caller) assistant() *mcp.ClientSession {
	c.s.t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(c.s.t.Context(), &mcp.StreamableClientTransport{
		Endpoint: c.s.url + "/mcp", HTTPClient: &http.Client{Transport: withHeader{c.header}},
	}, nil)
	if err != nil {
		c.s.t.Fatal(err)
	}
	c.s.t.Cleanup(func() { _ = session.Close() })
	return session
}

// use calls a tool.
func (c *caller) use(session *mcp.ClientSession, tool string, arguments object) result {
	c.s.t.Helper()
	got, err := session.CallTool(c.s.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		c.s.t.Fatalf("%s: %v", tool, err)
	}
	text, _ := got.Content[0].(*mcp.TextContent)
	r := result{status: http.StatusOK, raw: []byte(text.Text), t: c.s.t}
	if got.IsError {
		r.status = http.StatusUnprocessableEntity
	} else if strings.HasPrefix(text.Text, "{") {
		data, err := json.Marshal(got.StructuredContent)
		if err != nil || !jsonEqual(data, r.raw) {
			c.s.t.Errorf("%s: data %s and text %s", tool, data, r.raw)
		}
	}
	return r
}

func jsonEqual(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// TestMCP_AnAssistantKeepsTheBooks: every kind of noun, through the SDK's client.
func TestMCP_AnAssistantKeepsTheBooks(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c, other := s.family(), s.family()
		a := c.assistant()
		cash := c.use(a, "list_accounts", nil).want(200).text("accounts", 0, "id")
		savings := c.use(a, "create_account", object{"name": "Savings", "balance": "100.50", "subtype": "savings"}).want(200).text("id")
		c.use(a, "update_account", object{"id": savings, "name": "Nest egg"}).want(200)
		if got := c.use(a, "get_account", object{"id": savings}).text("name"); got != "Nest egg" {
			t.Errorf("renamed: %s", got)
		}
		tag := c.use(a, "create_tag", object{"name": "Trip"}).want(200).text("id")
		category := c.use(a, "create_category", object{"name": "Food"}).want(200).text("id")
		c.upload("file", "text/csv", "name\nShop\n").want(201)
		merchant := c.use(a, "list_merchants", nil).want(200).text(0, "id")
		spent := c.use(a, "create_transaction", object{
			"account_id": cash, "date": "2026-01-15", "amount": 12.5, "name": "Lunch", "tag_ids": []string{tag}, "category_id": category, "merchant_id": merchant,
		}).want(200).text("id")
		c.use(a, "update_transaction", object{"id": spent, "nature": "income"}).want(200)
		found := c.use(a, "list_transactions", object{"type": "income", "tag_ids": []string{tag}, "per_page": 5, "search": "lunch"}).want(200)
		if found.length("transactions") != 1 || found.text("transactions", 0, "amount") != "-$12.50" || found.at("pagination", "per_page") != "5" {
			t.Errorf("found: %s", found.raw)
		}
		valuation := c.use(a, "create_valuation", object{"account_id": cash, "amount": 7, "date": "2026-01-16", "upsert": true}).want(200).text("id")
		c.use(a, "update_valuation", object{"id": valuation, "notes": "counted"}).want(200)
		s.until("the balance", func() bool { return c.use(a, "get_account", object{"id": cash}).at("balance_cents") == "700" })
		if got := c.use(a, "get_balance_sheet", nil).text("assets"); got != "$107.50" {
			t.Errorf("assets %s", got)
		}
		c.use(a, "list_account_balances", object{"id": cash, "start_date": "2026-01-15", "end_date": "2026-01-16"}).want(200)
		for _, list := range []string{"list_tags", "list_categories", "list_valuations", "get_family_settings"} {
			c.use(a, list, nil).want(200)
		}
		c.use(a, "delete_transaction", object{"id": spent}).want(200)
		c.use(a, "delete_tag", object{"id": tag}).want(200)
		if other.use(other.assistant(), "list_transactions", nil).length("transactions") != 0 {
			t.Error("another family sees it")
		}
		other.use(other.assistant(), "get_account", object{"id": cash}).refuses(422, "not_found", "Account not found")
	})
}

// TestMCP_RefusalsSayWhatToDoBetter: as results of the tool, in the words of the API.
func TestMCP_RefusalsSayWhatToDoBetter(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		a := c.assistant()
		cash := c.cash()
		for _, tt := range []struct {
			tool      string
			arguments object
			code      string
			names     string
		}{
			{"create_transaction", object{"account_id": cash, "date": "2026-01-15", "name": "x"}, "validation_failed", "Amount can't be blank"},
			{"create_transaction", object{"acount_id": cash}, "validation_failed", "acount_id is not known here: account_id is"},
			{"create_transaction", object{"account_id": cash, "date": "soon", "amount": "x", "name": "x"}, "validation_failed", "Date is not a date"},
			{"create_transaction", object{"account_id": object{}, "tag_ids": 5}, "validation_failed", "Account ID must be a string"},
			{"list_transactions", object{"start_date": "soon"}, "validation_failed", "start_date must be a date"},
			{"list_transactions", object{"account_id": object{}}, "validation_failed", "account_id"},
			{"list_transactions", object{"from": "2026-01-01"}, "validation_failed", "from is not known here"},
			{"get_account", object{}, "not_found", "Account not found"},
			{"get_account", object{"id": "../transactions"}, "not_found", "Account not found"},
			{"get_account", object{"id": 5}, "not_found", "Account not found"},
			{"get_account", object{"id": uuid.NewString() + "/balances"}, "not_found", "Account not found"},
			{"delete_transaction", object{"id": uuid.NewString()}, "not_found", "Transaction not found"},
			{"create_tag", nil, "validation_failed", "Name can't be blank"},
		} {
			c.use(a, tt.tool, tt.arguments).refuses(422, tt.code, tt.names)
		}
		if c.get("/api/v1/transactions").at("pagination", "total_count") != "0" {
			t.Error("a refused call has written")
		}
	})
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`

func callOf(tool string) string {
	return `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + tool + `","arguments":{}}}`
}

// TestMCP_TheGuardStandsInFront: no credential, too little scope, and a role that
// changes nothing.
func TestMCP_TheGuardStandsInFront(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		nobody := &caller{s: s, header: http.Header{}}
		for _, message := range []string{initialize, callOf("list_accounts"), "", "{"} {
			r := nobody.do("POST", "/mcp", message).refuses(401, "unauthorized", "")
			challenge := r.header.Get("WWW-Authenticate")
			if !strings.Contains(challenge, `resource_metadata="`+s.url+`/.well-known/oauth-protected-resource"`) || !strings.Contains(challenge, `scope="read"`) {
				t.Errorf("challenge %s", challenge)
			}
		}
		if got := nobody.get("/.well-known/oauth-protected-resource/mcp").want(200).text("resource"); got != s.url+"/mcp" {
			t.Errorf("resource %s", got)
		}
		family := uuid.NewString()
		reads := s.member(family, "admin", "read")
		reads.do("POST", "/mcp", callOf("list_accounts")).want(200)
		refused := reads.do("POST", "/mcp", callOf("create_tag")).refuses(403, "insufficient_scope", "read_write")
		if challenge := refused.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="read_write"`) {
			t.Errorf("challenge %s", challenge)
		}
		guest := s.member(family, "guest", "read_write")
		guest.do("POST", "/mcp", callOf("create_tag")).refuses(403, "forbidden", "")
		if names := guest.toolNames(); slices.Contains(names, "create_tag") || !slices.Contains(names, "list_tags") {
			t.Errorf("a guest is shown %v", names)
		}
		if names := reads.toolNames(); !slices.Contains(names, "create_tag") {
			t.Errorf("nobody would ask for more: %v", names)
		}
		// Whatever two readers of one message may make of it, the tool asks again.
		two := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"create_tag","arguments":{"name":"x"}},"method":"ping","params":{"name":"x"}}`
		for _, message := range []string{two, strings.ReplaceAll(two, `"method":"ping","params"`, `"Method":"ping","Params"`)} {
			if r := reads.do("POST", "/mcp", message); strings.Contains(string(r.raw), "internal_server_error") {
				t.Errorf("%d %s", r.status, r.raw)
			}
		}
		if reads.get("/api/v1/tags").length() != 0 {
			t.Error("a reader has written")
		}
	})
}

func (c *caller) toolNames() []string {
	c.s.t.Helper()
	list, err := c.assistant().ListTools(c.s.t.Context(), nil)
	if err != nil {
		c.s.t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		if tool.Description == "" || tool.Annotations.ReadOnlyHint != (strings.HasPrefix(tool.Name, "list_") || strings.HasPrefix(tool.Name, "get_")) {
			c.s.t.Errorf("%s: %q, %+v", tool.Name, tool.Description, tool.Annotations)
		}
		names = append(names, tool.Name)
	}
	return names
}

// TestMCP_BadMessages are refused with the right status, and never a 500.
func TestMCP_BadMessages(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for body, status := range map[string]int{
			"": 400, "{": 400, "[]": 400, "5": 400, `"x"`: 400, "null": 400, "[" + callOf("list_tags") + "," + callOf("list_tags") + "]": 400,
			strings.Repeat("[", 100_000): 400, `{"jsonrpc":"2.0","id":1,"method":"x","params":[` + strings.Repeat("[],", 50_000) + `1]}`: 400,
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}": 400, `{"method":"` + strings.Repeat("x", 2<<20) + `"}`: 413,
		} {
			if r := c.do("POST", "/mcp", body); r.status != status || r.text("error") == "" {
				t.Errorf("%.40s: %d %s", body, r.status, r.raw)
			}
		}
		for _, body := range []string{
			`{}`, `{"jsonrpc":"1.0"}`, `{"jsonrpc":"2.0","id":1,"method":"nothing"}`, callOf("nothing"), `{"jsonrpc":"2.0","id":{},"method":"ping"}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":5}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`,
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_tags","arguments":[1]}}`,
		} {
			if r := c.do("POST", "/mcp", body); r.status >= 500 {
				t.Errorf("%s: %d %s", body, r.status, r.raw)
			}
		}
		c.do("POST", "/mcp", initialize, "Content-Type", "text/plain").refuses(415, "unsupported_media_type", "")
		for _, method := range []string{"GET", "DELETE", "PUT"} {
			if r := c.do(method, "/mcp", nil).want(405); r.header.Get("Allow") != "OPTIONS, POST" && !strings.Contains(r.header.Get("Allow"), "POST") {
				t.Errorf("%s: Allow %s", method, r.header.Get("Allow"))
			}
		}
		if r := c.do("POST", "/mcp", initialize, "Host", "api.example.com", "Accept", "*/*").want(200); r.text("result", "serverInfo", "name") != "latchkey" {
			t.Errorf("initialize: %s", r.raw)
		}
		preflight := c.do("OPTIONS", "/mcp", nil, "Origin", "https://app.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "mcp-protocol-version").want(204)
		if preflight.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(preflight.header.Get("Access-Control-Allow-Headers"), "mcp-protocol-version") {
			t.Errorf("preflight: %v", preflight.header)
		}
	})
}

// TestMCP_HeadersOfTheProtocol that are strange are refused or ignored, and never a 500:
// there are no sessions, and versions are negotiated by the message.
func TestMCP_HeadersOfTheProtocol(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for _, session := range []string{"unknown", "../../etc", strings.Repeat("x", 4000)} {
			c.do("POST", "/mcp", callOf("list_tags"), "Mcp-Session-Id", session).want(200)
		}
		for _, version := range []string{"9999-99-99", "x", "2024-11-05", strings.Repeat("9", 4000), "2026-07-28", ""} {
			if r := c.do("POST", "/mcp", callOf("list_tags"), "Mcp-Protocol-Version", version); r.status != 200 && r.status != 400 {
				t.Errorf("version %.20s: %d %s", version, r.status, r.raw)
			}
			asked := strings.Replace(initialize, "2025-06-18", version, 1)
			if r := c.do("POST", "/mcp", asked); r.status != 200 && r.status != 400 && r.status != 404 {
				t.Errorf("initialize %.20s: %d %s", version, r.status, r.raw)
			}
		}
		huge := "[" + strings.TrimSuffix(strings.Repeat(callOf("list_tags")+",", 5000), ",") + "]"
		c.do("POST", "/mcp", huge).refuses(400, "bad_request", "")
	})
}

// TestMCP_APageThatCallsUsItsOwnIsRefused: its site's name was made to point here. Pages
// of other origins, and names that a proxy passes on, are answered.
func TestMCP_APageThatCallsUsItsOwnIsRefused(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for _, host := range []string{"evil.example", "evil.example:8081", "EVIL.example", "127.0.0.1.evil.example"} {
			c.do("POST", "/mcp", initialize, "Host", host, "Origin", "http://"+host).refuses(403, "forbidden", "not the name")
		}
		own := strings.TrimPrefix(s.url, "http://")
		for host, origin := range map[string]string{
			own: "http://" + own, "localhost:8081": "http://localhost:8081", "[::1]:8081": "http://[::1]:8081", "10.0.0.7": "http://10.0.0.7",
			"api": "https://app.example", "api.example": "null", "resourceapi:8081": "http://localhost:6274", "api.example:80": "%zz",
		} {
			c.do("POST", "/mcp", initialize, "Host", host, "Origin", origin).want(200)
		}
	})
}

// TestMCP_CallsAreCounted against the same limit as every request.
func TestMCP_CallsAreCounted(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		key := s.key("read")
		for range 100 {
			key.do("POST", "/mcp", callOf("list_tags")).want(200)
		}
		key.do("POST", "/mcp", callOf("list_tags")).refuses(429, "rate_limit_exceeded", "")
	})
}
