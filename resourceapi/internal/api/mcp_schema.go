package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// described is what of the OpenAPI document describes tools.
type described struct {
	Info struct {
		Version string `json:"version"`
	} `json:"info"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters    map[string]parameter `json:"parameters"`
		RequestBodies map[string]struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBodies"`
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type parameter struct {
	Ref         string         `json:"$ref"`
	Name        string         `json:"name"`
	In          string         `json:"in"`
	Description string         `json:"description"`
	Schema      map[string]any `json:"schema"`
}

type schema struct {
	Properties map[string]map[string]any `json:"properties"`
	Required   []string                  `json:"required"`
}

type operation struct {
	Summary     string      `json:"summary"`
	Description string      `json:"description"`
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Ref string `json:"$ref"`
	} `json:"requestBody"`
}

// usage is a tool as it is described to assistants, and where its arguments go.
type usageOf struct {
	operation
	places map[string]string // of the arguments: path, query or body
	input  map[string]any    // JSON Schema of the arguments
}

// usage describes a tool. An error means that the document does not describe it.
func (d *described) usage(t tool) (usageOf, error) {
	item := d.Paths["/api/v1"+t.path]
	u := usageOf{places: map[string]string{}}
	if err := json.Unmarshal(item[strings.ToLower(t.method)], &u.operation); err != nil {
		return u, fmt.Errorf("mcp: %s %s is not described: %w", t.method, t.path, err)
	}
	var shared []parameter
	if raw, there := item["parameters"]; there {
		if err := json.Unmarshal(raw, &shared); err != nil {
			return u, fmt.Errorf("mcp: %s: %w", t.path, err)
		}
	}
	properties, required := map[string]any{}, []string{}
	for _, p := range append(shared, u.Parameters...) {
		if p.Ref != "" {
			p = d.Components.Parameters[path.Base(p.Ref)]
		}
		if p.In != "path" && p.In != "query" {
			continue
		}
		// Assistants take no brackets in the names of arguments; the API reads such lists
		// by their plain names too.
		name := strings.TrimSuffix(p.Name, "[]")
		properties[name], u.places[name] = explained(p.Schema, p.Description), p.In
		if p.In == "path" {
			required = append(required, name)
		}
	}
	if t.root != "" {
		members, err := d.members(u.RequestBody.Ref, t.root)
		if err != nil {
			return u, err
		}
		for name, property := range members.Properties {
			properties[name], u.places[name] = unsampled(property), "body"
		}
		required = append(required, members.Required...)
	}
	u.input = map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	return u, nil
}

// members are those of the root of a request body.
func (d *described) members(body, root string) (schema, error) {
	whole := d.Components.RequestBodies[path.Base(body)].Content["application/json"].Schema
	ref, _ := whole.Properties[root]["$ref"].(string)
	members, found := d.Components.Schemas[path.Base(ref)]
	if !found {
		return schema{}, fmt.Errorf("mcp: the body %s has no root %s", body, root)
	}
	for name, property := range whole.Properties {
		if name != root {
			members.Properties = maps.Clone(members.Properties)
			members.Properties[name] = property
		}
	}
	return members, nil
}

func explained(schema map[string]any, description string) map[string]any {
	schema = maps.Clone(schema)
	if description != "" {
		schema["description"] = description
	}
	return schema
}

// unsampled is a schema without what is there for the pages at /docs.
func unsampled(schema map[string]any) map[string]any {
	schema = maps.Clone(schema)
	delete(schema, "x-sample")
	delete(schema, "example")
	return schema
}

// names are those of all arguments, sorted.
func (u *usageOf) names() []string { return slices.Sorted(maps.Keys(u.places)) }
