package apidoc

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// node is a value of a description, or of an example: an object with its members in the
// order they were written in, a list, or a scalar. A nil node is what is not there.
type node struct {
	members  []member
	items    []*node
	scalar   any    // string, int, float64, bool or nil
	kind     kind   // which of the three
	variable string // of a scalar: what holds it in the environment of a sample
}

type member struct {
	name  string
	value *node
}

type kind uint8

const (
	scalarKind kind = iota
	objectKind
	listKind
)

func text(s string) *node { return &node{scalar: s} }

// readTree reads YAML.
func readTree(raw []byte) (*node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("no document")
	}
	return toNode(document.Content[0])
}

func toNode(y *yaml.Node) (*node, error) {
	switch y.Kind {
	case yaml.AliasNode:
		return toNode(y.Alias)
	case yaml.MappingNode:
		return toObject(y)
	case yaml.SequenceNode:
		n := &node{kind: listKind}
		for _, one := range y.Content {
			item, err := toNode(one)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		return n, nil
	default:
		n := &node{}
		if err := y.Decode(&n.scalar); err != nil {
			return nil, fmt.Errorf("line %d: %w", y.Line, err)
		}
		switch n.scalar.(type) {
		case nil, string, int, float64, bool:
		default:
			n.scalar = y.Value // a date, which JSON writes as it stands here
		}
		return n, nil
	}
}

func toObject(y *yaml.Node) (*node, error) {
	n := &node{kind: objectKind}
	for i := 0; i+1 < len(y.Content); i += 2 {
		name := y.Content[i].Value
		value, err := toNode(y.Content[i+1])
		if err != nil {
			return nil, err
		}
		if name == "<<" {
			n.members = append(n.members, value.members...)
			continue
		}
		n.members = append(n.members, member{name, value})
	}
	return n, nil
}

// get returns the member of the name; nil: there is none.
func (n *node) get(names ...string) *node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		var found *node
		for _, m := range n.members {
			if m.name == name {
				found = m.value
			}
		}
		n = found
	}
	return n
}

// str is the string that n is, or "".
func (n *node) str() string {
	if n == nil {
		return ""
	}
	s, _ := n.scalar.(string)
	return s
}

// line is the string that n is, on one line.
func (n *node) line() string { return strings.Join(strings.Fields(n.str()), " ") }

func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

func (n *node) object() []member {
	if n == nil {
		return nil
	}
	return n.members
}

// texts are the strings of the list n, or the one string that n is.
func (n *node) texts() []string {
	if s := n.str(); s != "" {
		return []string{s}
	}
	var all []string
	for _, one := range n.list() {
		all = append(all, one.str())
	}
	return all
}

func (n *node) yes() bool { return n != nil && n.scalar == true }
