package authserver

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The commonest passwords, one a line, sorted, in small letters and without marks
// at their ends. Only those that have a letter and a digit are kept: the others
// break a rule anyway. See docs/decisions/0031-guessable-passwords.md.
//
//go:embed common_passwords.txt.gz
var commonList []byte

var commonPasswords = sync.OnceValue(func() []string {
	unpacked, err := gzip.NewReader(bytes.NewReader(commonList))
	if err != nil {
		panic("authserver: the list of common passwords is damaged: " + err.Error())
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		panic("authserver: the list of common passwords is damaged: " + err.Error())
	}
	return strings.Split(string(text), "\n")
})

// product is what this product is called, in small letters.
const product = "latchkey"

// minName is the shortest name that a password is compared with, in characters.
const minName = 4

// guessable says why somebody would try the password among the first; "": they
// would not.
func guessable(password string, owner *User) string {
	small := strings.ToLower(password)
	_, common := slices.BinarySearch(commonPasswords(), strings.TrimFunc(small, mark))
	core := strings.TrimFunc(small, frame)
	local, _, _ := strings.Cut(owner.Email, "@")
	switch {
	case common:
		return "Password is among the most common ones"
	case core == "":
		return ""
	case core == product:
		return "Password must not be just the name of this product with digits or symbols around it"
	case slices.Contains(ownNames(owner), core):
		return "Password must not be just your name with digits or symbols around it"
	case owner.Email != "" && (same(small, core, owner.Email) || same(small, core, local)):
		return "Password must not be just your email address with digits or symbols around it"
	}
	return ""
}

// same reports whether a password in small letters, or its core, is the text, or
// the core of the text.
func same(small, core, text string) bool {
	text = strings.ToLower(text)
	return small == text || core == text || core == strings.TrimFunc(text, frame)
}

// ownNames are the names of a person in small letters: each, and both together.
func ownNames(owner *User) (names []string) {
	first, last := strings.ToLower(NormalizePassword(owner.FirstName)), strings.ToLower(NormalizePassword(owner.LastName))
	for _, name := range []string{first, last, first + last, last + first, first + " " + last, last + " " + first} {
		if name = strings.TrimFunc(name, frame); utf8.RuneCountInString(name) >= minName {
			names = append(names, name)
		}
	}
	return names
}

// mark is what stands around a word and is neither a letter nor a digit; frame is
// that or a digit.
func mark(r rune) bool  { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
func frame(r rune) bool { return !unicode.IsLetter(r) }
