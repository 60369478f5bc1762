package resourceapi

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // also where the system has no time zones
)

// TimeZone is a name of the IANA time zone database, such as Europe/Berlin. It decides
// what day it is for a family.
type TimeZone string

// UTC is the time zone of a family that has chosen none.
const UTC TimeZone = "UTC"

// errTimeZone is returned by ParseTimeZone for what the database does not list.
var errTimeZone = errors.New("is not a known time zone, such as Europe/Berlin")

// ParseTimeZone recognises a name of the IANA time zone database.
func ParseTimeZone(text string) (TimeZone, error) {
	if text == "" || len(text) > 64 || text == "Local" || strings.Trim(text, zoneLetters) != "" {
		return "", errTimeZone
	}
	if _, err := time.LoadLocation(text); err != nil {
		return "", errTimeZone
	}
	return TimeZone(text), nil
}

const zoneLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/"

// Location returns the rules of z; those of UTC where they are not known here.
func (z TimeZone) Location() *time.Location {
	where, err := time.LoadLocation(string(z))
	if err != nil {
		return time.UTC
	}
	return where
}
