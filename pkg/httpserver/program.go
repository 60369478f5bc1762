package httpserver

import (
	"net/http"
	"time"
)

// Program is which program answers, and since when it runs. One service of an operator
// tells the other, in fields of its answers, and nobody else.
type Program struct {
	Version string    // "": nobody said
	Since   time.Time // zero: nobody said
}

const (
	versionField = "Latchkey-Version"
	sinceField   = "Latchkey-Since" // RFC 3339
)

// Headers are the fields that say p.
func (p Program) Headers() Headers {
	return NewHeaders(versionField, p.Version, sinceField, p.Since.UTC().Format(time.RFC3339))
}

// ProgramOf is what the fields of an answer say. Those of programs before there were such
// fields say nothing.
func ProgramOf(h http.Header) Program {
	since, _ := time.Parse(time.RFC3339, h.Get(sinceField)) // zero where there is none
	return Program{Version: h.Get(versionField), Since: since}
}
