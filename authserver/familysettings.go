package authserver

import "time"

// FamilySettings are what a family has chosen for its data. The resource API holds them.
type FamilySettings struct {
	TimeZone string    // a name of the IANA time zone database
	Today    time.Time // the day it is there, at midnight UTC
}
