package authserver

import "strings"

// A Violation is one broken rule of one field. Rule names it for translation;
// Message is the published English sentence.
type Violation struct {
	Field   string
	Rule    string
	Message string
}

// Violations is every broken rule at once.
type Violations []Violation

// Error joins the sentences.
func (v Violations) Error() string { return strings.Join(v.Messages(), "; ") }

// Messages returns the sentences in order.
func (v Violations) Messages() []string {
	list := make([]string, len(v))
	for i, one := range v {
		list[i] = one.Message
	}
	return list
}
