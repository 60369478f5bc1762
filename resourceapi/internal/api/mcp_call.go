package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"latchkey/pkg/body"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/resourceapi"
)

// handler answers calls of a tool with what its operation answers. A refusal is a
// result too, which tells the assistant what to do better.
func (s *assistants) handler(t tool, u usageOf) mcp.ToolHandler {
	return func(ctx context.Context, call *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		v, ok := ctx.Value(visitKey{}).(visit)
		if !ok {
			return nil, errors.New("mcp: a call without a caller")
		}
		out := &answer{header: http.Header{}, status: http.StatusOK}
		r, err := u.request(v.ctx, t, call.Params.Arguments) //nolint:contextcheck // that of the request, which ends with it
		httpserver.Handle(func(w http.ResponseWriter, _ *http.Request) error {
			if err != nil {
				return err
			}
			if err := s.api.Guard.Require(w, r, v.caller, t.need()); err != nil {
				return err
			}
			return s.operate(w, r, v, t)
		}, render).ServeHTTP(out, empty(v.ctx)) //nolint:contextcheck // the same
		return out.result(), nil
	}
}

// empty is a request to answer with an error.
func empty(ctx context.Context) *http.Request {
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, mcpPath, http.NoBody) // a fixed address is no error
	return r
}

// operate does the operation. The library runs it in a goroutine of its own, where a
// panic would end the process.
func (s *assistants) operate(w http.ResponseWriter, r *http.Request, v visit, t tool) (err error) {
	defer fault.Recover(r.Context(), s.api.Logger, "mcp: "+t.name, func(panicked error) { err = panicked })
	return s.api.endpoint(t.act)(w, r, v.caller)
}

// request is the request that the arguments stand for.
func (u *usageOf) request(ctx context.Context, t tool, arguments json.RawMessage) (*http.Request, error) {
	given := map[string]any{}
	if len(arguments) > 0 && string(arguments) != "null" {
		var err error
		if given, err = body.JSON(arguments, body.DefaultValues); err != nil {
			return nil, err
		}
	}
	where, query, members := map[string]string{}, url.Values{}, map[string]any{}
	var complaints []string
	for name, value := range given {
		switch u.places[name] {
		case "path":
			where[name], _ = value.(string)
		case "query":
			query[name] = texts(value)
		case "body":
			members[name] = value
		default:
			complaints = append(complaints, unknown(name, u.names()))
		}
	}
	if len(complaints) > 0 {
		return nil, resourceapi.Refuse("The arguments are not those of "+t.name, complaints...)
	}
	return t.request(ctx, where, query, members)
}

func (t tool) request(ctx context.Context, where map[string]string, query url.Values, members map[string]any) (*http.Request, error) {
	var raw []byte
	if t.root != "" {
		var err error
		if raw, err = json.Marshal(map[string]any{t.root: members}); err != nil {
			return nil, fmt.Errorf("mcp: %w", err)
		}
	}
	address := url.URL{Path: "/api/v1" + strings.ReplaceAll(t.path, "{id}", url.PathEscape(where["id"])), RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, t.method, address.String(), bytes.NewReader(raw))
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "The arguments are not those of "+t.name)
	}
	r.Header.Set("Content-Type", "application/json")
	return mux.SetURLVars(r, where), nil
}

// texts are the values of a parameter.
func texts(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	case map[string]any:
		return []string{"{}"} // no parameter takes it
	}
	return []string{fmt.Sprint(value)}
}

// answer is what an operation answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(part []byte) (int, error) { return a.body.Write(part) }

// result is the answer as a tool gives it: as text, and as data where it is an object.
func (a *answer) result() *mcp.CallToolResult {
	raw := bytes.TrimSpace(a.body.Bytes())
	if len(raw) == 0 {
		raw = []byte(`{}`)
	}
	got := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(raw)}}, IsError: a.status >= http.StatusBadRequest}
	if raw[0] == '{' && !got.IsError {
		got.StructuredContent = json.RawMessage(raw)
	}
	return got
}
