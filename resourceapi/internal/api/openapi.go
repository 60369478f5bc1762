package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"latchkey/pkg/httpserver"
)

//go:embed openapi.yaml
var openAPI []byte

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS []byte

// documents are the description of this API and its page, made once.
type documents struct {
	json, page []byte
}

// described is the part of the description that the page shows.
type described struct {
	Info struct {
		Title       string `json:"title"`
		Summary     string `json:"summary"`
		Description string `json:"description"`
	} `json:"info"`
	Tags []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas       map[string]json.RawMessage `json:"schemas"`
		RequestBodies map[string]json.RawMessage `json:"requestBodies"`
		Parameters    map[string]parameter       `json:"parameters"`
	} `json:"components"`
}

type parameter struct {
	Ref         string         `json:"$ref"`
	Name        string         `json:"name"`
	In          string         `json:"in"`
	Description string         `json:"description"`
	Schema      map[string]any `json:"schema"`
}

type operation struct {
	Method, Path string
	ID           string      `json:"operationId"`
	Summary      string      `json:"summary"`
	Description  string      `json:"description"`
	Tags         []string    `json:"tags"`
	Parameters   []parameter `json:"parameters"`
	RequestBody  struct {
		Ref string `json:"$ref"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string `json:"description"`
		Content     map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			} `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

// section is the operations of one tag, as the page shows them.
type section struct {
	Name, Description string
	Operations        []operation
}

type schema struct{ Name, Text string }

func prepareDocuments(resource string) (documents, error) {
	var document map[string]any
	if err := yaml.Unmarshal(openAPI, &document); err != nil {
		return documents{}, fmt.Errorf("openapi.yaml: %w", err)
	}
	document["servers"] = []any{map[string]any{"url": resource}}
	raw, err := json.Marshal(document)
	if err != nil {
		return documents{}, fmt.Errorf("openapi.yaml: %w", err)
	}
	var d described
	if err := json.Unmarshal(raw, &d); err != nil {
		return documents{}, fmt.Errorf("openapi.yaml: %w", err)
	}
	sections, err := d.sections()
	if err != nil {
		return documents{}, err
	}
	page, err := template.New("docs").Funcs(template.FuncMap{"last": lastPart, "lower": strings.ToLower}).Parse(docsHTML)
	if err != nil {
		return documents{}, fmt.Errorf("docs.html: %w", err)
	}
	var b bytes.Buffer
	err = page.Execute(&b, map[string]any{
		"Info": d.Info, "Paragraphs": strings.Split(strings.TrimSpace(d.Info.Description), "\n\n"), "Resource": resource,
		"Sections": sections, "Bodies": shown(d.Components.RequestBodies), "Schemas": shown(d.Components.Schemas),
	})
	if err != nil {
		return documents{}, fmt.Errorf("docs.html: %w", err)
	}
	return documents{json: raw, page: b.Bytes()}, nil
}

func lastPart(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (d described) sections() ([]section, error) {
	byTag := map[string]*section{}
	list := make([]section, len(d.Tags))
	for i, t := range d.Tags {
		list[i] = section{Name: t.Name, Description: t.Description}
		byTag[t.Name] = &list[i]
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			raw, has := d.Paths[path][method]
			if !has {
				continue
			}
			op := operation{Method: strings.ToUpper(method), Path: path}
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("openapi.yaml: %s %s: %w", method, path, err)
			}
			for i, p := range op.Parameters {
				if p.Ref != "" {
					op.Parameters[i] = d.Components.Parameters[lastPart(p.Ref)]
				}
			}
			if s := byTag[op.Tags[0]]; s != nil {
				s.Operations = append(s.Operations, op)
			}
		}
	}
	return list, nil
}

// shown returns the members in order of their names, indented.
func shown(members map[string]json.RawMessage) []schema {
	list := make([]schema, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var b bytes.Buffer
		if json.Indent(&b, members[name], "", "  ") == nil {
			list = append(list, schema{name, b.String()})
		}
	}
	return list
}

// fixed answers with bytes that never change while the process runs.
func fixed(kind string, body []byte, headers ...string) http.Handler {
	return httpserver.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		for i := 0; i+1 < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body) // the client may be gone
		return nil
	}, render)
}

func (a *API) documentRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"/openapi.json": fixed("application/json; charset=utf-8", a.documents.json, "Access-Control-Allow-Origin", "*"),
		"/docs": fixed("text/html; charset=utf-8", a.documents.page, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
		"/docs/docs.css": fixed("text/css; charset=utf-8", docsCSS),
	}
}
