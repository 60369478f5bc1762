package page

import (
	_ "embed"
	"slices"
	"strings"

	"latchkey/authserver"
)

// TimeZoneView is what a family's pages say of its time zone.
type TimeZoneView struct {
	authserver.FamilySettings
	Known  bool   // the resource API said so
	Chosen string // by the form that was refused; "": none was
}

// zoneNames are names of the IANA time zone database, one for each place that its file
// zone.tab lists, and UTC: a choice, not a rule. The resource API decides.
//
//go:embed timezones.txt
var zoneNames string

// zoneArea is a part of the world with its time zones.
type zoneArea struct {
	Name  string
	Zones []string
}

// zoneAreas is what can be chosen; chosen is among them.
func zoneAreas(chosen string) []zoneArea {
	names := strings.Fields(zoneNames)
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(names, chosen)
		slices.Sort(names)
	}
	var areas []zoneArea
	for _, name := range names {
		area, _, _ := strings.Cut(name, "/")
		if len(areas) == 0 || areas[len(areas)-1].Name != area {
			areas = append(areas, zoneArea{Name: area})
		}
		last := &areas[len(areas)-1]
		last.Zones = append(last.Zones, name)
	}
	return areas
}

// zoneLabel is a name as people read it.
func zoneLabel(name string) string { return strings.ReplaceAll(name, "_", " ") }
