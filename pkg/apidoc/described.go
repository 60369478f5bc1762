package apidoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// described is the part of a description that the page shows.
type described struct {
	Info struct {
		Title       string `json:"title"`
		Summary     string `json:"summary"`
		Description string `json:"description"`
		Example     string `json:"x-example"` // a first request
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
		Responses     map[string]response        `json:"responses"`
	} `json:"components"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
}

type response struct {
	Ref         string `json:"$ref"`
	Description string `json:"description"`
	Content     map[string]struct {
		Schema struct {
			Ref string `json:"$ref"`
		} `json:"schema"`
	} `json:"content"`
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
	Responses map[string]response `json:"responses"`
}

// section is the operations of one tag, as the page shows them.
type section struct {
	Name, Description string
	Operations        []operation
}

type member struct{ Name, Text string }

func lastPart(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// answer is one line of an operation's answers.
type answer struct {
	status string
	response
}

// answers returns the responses in order of their statuses.
func (o operation) answers() []answer {
	list := make([]answer, 0, len(o.Responses))
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		list = append(list, answer{strings.ToLower(status), o.Responses[status]})
	}
	return list
}

// schemas returns the names of the schemas a response may have.
func (r response) schemas() []string {
	var names []string
	for _, kind := range slices.Sorted(maps.Keys(r.Content)) {
		if ref := r.Content[kind].Schema.Ref; ref != "" {
			names = append(names, lastPart(ref))
		}
	}
	return names
}

// slug is the id of a section.
func slug(tag string) string { return "tag-" + strings.ReplaceAll(tag, " ", "-") }

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
			op, err := d.operation(raw)
			if err != nil {
				return nil, fmt.Errorf("openapi: %s %s: %w", method, path, err)
			}
			op.Method, op.Path = strings.ToUpper(method), path
			s := byTag[op.Tags[0]]
			if s == nil {
				return nil, fmt.Errorf("openapi: %s %s: the tag %q is not described", method, path, op.Tags[0])
			}
			s.Operations = append(s.Operations, op)
		}
	}
	return list, nil
}

// operation reads one operation and follows its references.
func (d described) operation(raw json.RawMessage) (operation, error) {
	var op operation
	if err := json.Unmarshal(raw, &op); err != nil {
		return op, err
	}
	if len(op.Tags) == 0 {
		return op, fmt.Errorf("%s has no tag", op.ID)
	}
	for i, p := range op.Parameters {
		if p.Ref != "" {
			op.Parameters[i] = d.Components.Parameters[lastPart(p.Ref)]
		}
	}
	for status, r := range op.Responses {
		if r.Ref != "" {
			op.Responses[status] = d.Components.Responses[lastPart(r.Ref)]
		}
	}
	return op, nil
}

// shown returns the members in order of their names, indented.
func shown(members map[string]json.RawMessage) []member {
	list := make([]member, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var b bytes.Buffer
		if json.Indent(&b, members[name], "", "  ") == nil {
			list = append(list, member{name, b.String()})
		}
	}
	return list
}
