// Package places knows the city and country of an address, from a database that the operator
// gives: a file in the format of MaxMind (MaxMind DB, version 2.0), with cities.
package places

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Places is an open database; nil knows no place. Its methods are safe for concurrent use.
type Places struct{ db *maxminddb.Reader }

// Open reads the file. It is an error if it holds nothing of that format.
func Open(file string) (*Places, error) {
	db, err := maxminddb.Open(file)
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	if db.Metadata.NodeCount == 0 {
		return nil, errors.Join(errors.New("places: the database is empty"), db.Close())
	}
	return &Places{db}, nil
}

// names are those of a place by language.
type names map[string]string

func (n names) in(language string) string { return cmp.Or(n[language], n["en"]) }

type named struct {
	Names names `maxminddb:"names"`
}

// Name is what people call the place of an address in a language: "Lisbon, Portugal", or its
// country alone. "": it is not known.
func (p *Places) Name(at netip.Addr, language string) string {
	if p == nil {
		return ""
	}
	var found struct {
		City    named `maxminddb:"city"`
		Country named `maxminddb:"country"`
	}
	if err := p.db.Lookup(at).Decode(&found); err != nil { // a record that cannot be read is a place that is not known
		return ""
	}
	city, country := found.City.Names.in(language), found.Country.Names.in(language)
	if city == "" || country == "" {
		return cmp.Or(country, city)
	}
	return city + ", " + country
}
