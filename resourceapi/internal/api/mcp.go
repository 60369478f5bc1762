package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"latchkey/pkg/body"
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/role"
)

// mcpPath is where assistants call the API by the Model Context Protocol.
const mcpPath = "/mcp"

const instructions = `The data of one household: accounts, transactions, categories, tags, merchants, valuations.
Amounts are exact decimals. A positive amount is an expense, a negative one an income; "nature" sets the sign.
Members that end in _cents are minor units of the currency. Days are YYYY-MM-DD; get_family_settings says what day it is.
Lists come in pages: ask for the next one by "page", or by "after" where there is a next_cursor.`

// assistants serves the tools by streamable HTTP, without sessions: each request
// stands alone, so any replica answers it. Behind it are the handlers of /api/v1.
type assistants struct {
	api   *API
	needs map[string]guard.Requirement // of the tools, by name
	all   http.Handler
	reads http.Handler // for roles that change nothing
}

func newAssistants(a *API, description []byte) (*assistants, error) {
	var d described
	if err := json.Unmarshal(description, &d); err != nil {
		return nil, fmt.Errorf("mcp: %w", err)
	}
	s := &assistants{api: a, needs: map[string]guard.Requirement{}}
	all, reads := newServer(d.Info.Version), newServer(d.Info.Version)
	for _, t := range a.tools() {
		u, err := d.usage(t)
		if err != nil {
			return nil, err
		}
		s.needs[t.name] = t.need()
		answer := s.handler(t, u)
		all.AddTool(t.shown(u), answer)
		if t.method == http.MethodGet {
			reads.AddTool(t.shown(u), answer)
		}
	}
	s.all, s.reads = streamable(all), streamable(reads)
	return s, nil
}

func newServer(version string) *mcp.Server {
	return mcp.NewServer(&mcp.Implementation{Name: "latchkey", Title: "Latchkey", Version: version}, &mcp.ServerOptions{
		Instructions: instructions,
		// There are no prompts, but the library answers who asks for them with an empty list.
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}, Prompts: &mcp.PromptCapabilities{}},
	})
}

// streamable serves a server by HTTP. The library's guard against other names of
// this host is off: a proxy beside us passes the public name on. rebound stands in its
// place.
func streamable(server *mcp.Server) http.Handler {
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, DisableLocalhostProtection: true, Logger: slog.New(slog.DiscardHandler),
	})
}

// shown is the tool as it is listed.
func (t tool) shown(u usageOf) *mcp.Tool {
	changes := t.method == http.MethodPatch || t.method == http.MethodDelete
	open := false
	return &mcp.Tool{
		Name: t.name, Title: u.Summary, Description: strings.TrimSpace(u.Summary + ". " + u.Description), InputSchema: u.input,
		Annotations: &mcp.ToolAnnotations{
			ReadOnlyHint: t.method == http.MethodGet, DestructiveHint: &changes, IdempotentHint: t.method != http.MethodPost, OpenWorldHint: &open,
		},
	}
}

var (
	errOneMessage = fault.New(fault.Malformed, "The request body must be one JSON-RPC message")
	errMessageID  = fault.New(fault.Malformed, "The id of a message must be a string, or a whole number of at most 15 digits")
)

// unanswerable reports whether id is a number that the library would not send back as
// it came: it reads numbers as floats, and drops what stands after the point.
func unanswerable(id any) bool {
	number, isNumber := id.(json.Number)
	if !isNumber {
		return false
	}
	whole, err := number.Int64()
	return err != nil || whole >= 1e15 || whole <= -1e15
}

// serve answers a message. A call of a tool that needs more than the caller has is
// refused before the library sees it, with a challenge that says what to ask for.
func (s *assistants) serve(w http.ResponseWriter, r *http.Request, caller *guard.Principal) error {
	if s.api.rebound(r) {
		return errRebound
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, "The request body must be application/json")
	}
	raw, err := body.Bytes(r, s.api.BodyLimit)
	if err != nil {
		return err
	}
	message, err := body.JSON(raw, body.DefaultValues)
	if errors.Is(err, body.ErrNoObject) {
		return errOneMessage
	}
	if err != nil {
		return err
	}
	if unanswerable(message["id"]) {
		return errMessageID
	}
	params, _ := message["params"].(map[string]any)
	name, _ := params["name"].(string)
	if need, known := s.needs[name]; known && message["method"] == "tools/call" {
		if err := s.api.Guard.Require(w, r, caller, need); err != nil {
			return err
		}
	}
	again := r.WithContext(context.WithValue(r.Context(), visitKey{}, visit{caller, r.Context()}))
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	again.Header = r.Header.Clone()
	again.Header.Set("Accept", "application/json, text/event-stream") // the answer is JSON whoever asks
	if role.May(caller.Role, role.ChangeData) {
		s.all.ServeHTTP(w, again)
	} else {
		s.reads.ServeHTTP(w, again)
	}
	return nil
}

// visit is who sends a message, and the context of the request that it came in. The
// library does not pass the end of that on.
type visit struct {
	caller *guard.Principal
	ctx    context.Context //nolint:containedctx // see above
}

type visitKey struct{}
