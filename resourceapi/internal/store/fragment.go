package store

import (
	"strconv"
	"strings"
)

// fragment is a part of a statement: texts and arguments in their order. $1 is
// the family. A fragment is a value: putting it into another one changes neither.
type fragment []piece

// piece is text, or an argument where there is one.
type piece struct {
	text     string
	argument *argument
}

// argument is a value of a statement. Where one fragment is used twice, its
// arguments have one number each.
type argument struct{ value any }

// sql returns text as a fragment. Each ? in it stands for the next of values: a
// fragment takes the place of its ?, anything else becomes an argument.
func sql(text string, values ...any) fragment {
	all := make(fragment, 0, 2*len(values)+1)
	for _, value := range values {
		before, after, _ := strings.Cut(text, "?")
		all = append(all, piece{text: before})
		if part, isPart := value.(fragment); isPart {
			all = append(all, part...)
		} else {
			all = append(all, piece{argument: &argument{value}})
		}
		text = after
	}
	return append(all, piece{text: text})
}

// join returns the parts with separator between them.
func join(separator string, parts ...fragment) fragment {
	var all fragment
	for i, part := range parts {
		if i > 0 {
			all = append(all, piece{text: separator})
		}
		all = append(all, part...)
	}
	return all
}

// in returns column IN (ids). No id at all matches nothing.
func in(column string, ids []string) fragment {
	switch len(ids) {
	case 0:
		return sql("1 = 0")
	case 1:
		return sql(column+" = ?", ids[0])
	}
	values := make([]fragment, len(ids))
	for i, id := range ids {
		values[i] = sql("?", id)
	}
	return sql(column+" IN (?)", join(", ", values...))
}

// numbered returns the text with $2, $3 … for the arguments, and their values.
func (f fragment) numbered() (text string, values []any) {
	size := 0
	for _, p := range f {
		size += len(p.text) + len("$22")
	}
	var b strings.Builder
	b.Grow(size)
	numbers := map[*argument]int{}
	for _, p := range f {
		if p.argument == nil {
			b.WriteString(p.text)
			continue
		}
		number, known := numbers[p.argument]
		if !known {
			values = append(values, p.argument.value)
			number = len(values) + 1
			numbers[p.argument] = number
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(number))
	}
	return b.String(), values
}

// like returns text as a LIKE pattern that matches it anywhere, literally, with
// \ as the escape.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}
