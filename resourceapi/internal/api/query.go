package api

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
	"latchkey/pkg/spelling"
	"latchkey/resourceapi"
)

// query reads the parameters of a URL. A malformed filter is not ignored: all
// complaints together are one 422.
type query struct {
	values     url.Values
	asked      []string // the names of the parameters that were read
	complaints []string
}

func (c *call) query() (*query, error) {
	values, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "The query string is malformed")
	}
	for name, list := range values {
		for _, v := range list {
			if !utf8.ValidString(v) || !utf8.ValidString(name) || strings.ContainsRune(v, 0) {
				return nil, fault.New(fault.Malformed, "The query string holds characters that are not allowed")
			}
		}
	}
	return &query{values: values}, nil
}

// last returns the last value of a parameter, as Rails does when there are several.
func (q *query) last(name string) string {
	q.asked = append(q.asked, name)
	list := q.values[name]
	if len(list) == 0 {
		return ""
	}
	return strings.TrimSpace(list[len(list)-1])
}

func (q *query) complain(text string) { q.complaints = append(q.complaints, text) }

// err returns the complaints as one 422, nil when there are none.
func (q *query) err() error {
	q.nested()
	q.misspelt()
	if len(q.complaints) == 0 {
		return nil
	}
	return resourceapi.Refuse(q.complaints[0], q.complaints...)
}

// nested complains of filters with brackets that they do not take, such as
// start_date[]=…. Without it such a filter would be ignored.
func (q *query) nested() {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		base, _, brackets := strings.Cut(name, "[")
		if brackets && slices.Contains(q.asked, base) && !slices.Contains(q.asked, name) {
			q.complain(base + " is given in a form that it does not take")
		}
	}
}

// misspelt complains of parameters that are probably one of ours in other letters.
// Without it such a filter would be ignored. Parameters that resemble none are.
func (q *query) misspelt() {
	known := append([]string{"page", "per_page"}, q.asked...)
	for i, name := range known {
		known[i], _, _ = strings.Cut(name, "[")
	}
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		base, _, _ := strings.Cut(name, "[")
		if meant, near := spelling.Nearest(base, known); near && base != meant {
			q.complain(unknown(base, known))
		}
	}
}

// maxFilterIDs bounds how many ids one filter may name.
const maxFilterIDs = 200

// ids reads name, name[] and, for one and many, both spellings together: nil
// when none is given.
func (q *query) ids(one, many string) []string {
	var texts []string
	if one != "" {
		if text := q.last(one); text != "" {
			texts = append(texts, text)
		}
	}
	for _, name := range []string{many + "[]", many} {
		q.asked = append(q.asked, name)
		for _, v := range q.values[name] {
			for text := range strings.SplitSeq(v, ",") {
				if text = strings.TrimSpace(text); text != "" {
					texts = append(texts, text)
				}
			}
		}
	}
	if len(texts) > maxFilterIDs {
		q.complain(many + " names too many ids")
		return nil
	}
	var ids []string
	for _, text := range texts {
		id, valid := resourceapi.ParseID(text)
		if !valid {
			q.complain(strings.TrimPrefix(one+" or "+many, " or ") + " must be a valid UUID")
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

// id reads one id, nil when it is not given.
func (q *query) id(name string) *string {
	text := q.last(name)
	if text == "" {
		return nil
	}
	id, valid := resourceapi.ParseID(text)
	if !valid {
		q.complain(name + " must be a valid UUID")
		return nil
	}
	return &id
}

func (q *query) date(name string) *resourceapi.Date {
	text := q.last(name)
	if text == "" {
		return nil
	}
	d, err := resourceapi.ParseDate(text)
	if err != nil {
		q.complain(name + " must be a date in the form YYYY-MM-DD")
		return nil
	}
	return &d
}

// thousandths reads a decimal number in thousandths of a unit.
func (q *query) thousandths(name string) *int64 {
	text := q.last(name)
	if text == "" {
		return nil
	}
	n, err := resourceapi.ParseThousandths(text)
	if err != nil {
		q.complain(name + " must be a number of at most three decimal places")
		return nil
	}
	return &n
}

func (q *query) bool(name string) bool {
	switch strings.ToLower(q.last(name)) {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	}
	q.complain(name + " must be true or false")
	return false
}

// oneOf reads a word out of a list.
func (q *query) oneOf(name string, words ...string) string {
	text := q.last(name)
	if text == "" {
		return ""
	}
	for _, w := range words {
		if text == w {
			return w
		}
	}
	q.complain(name + " must be one of: " + strings.Join(words, ", "))
	return ""
}
