package page

import (
	"strconv"
	"strings"

	"latchkey/authserver"
)

// HealthPath is the page about what the instance stands on.
const HealthPath = OperatorPath + "/health"

// componentBadges are the classes of the states of components.
var componentBadges = map[string]string{
	authserver.ComponentWorks: "badge good", authserver.ComponentBehind: "badge warn", authserver.ComponentFails: "badge bad", authserver.ComponentOff: "badge",
}

// essential is how many components the overview names: those behind them are work that the
// server does by itself.
const essential = 5

// wrong are the components that somebody has to look at.
func wrong(parts []authserver.Component) (list []authserver.Component) {
	for i := range parts {
		if parts[i].Wrong() {
			list = append(list, parts[i])
		}
	}
	return list
}

// notice names the components that are wrong.
func (v *View) notice(parts []authserver.Component) (string, error) {
	var list []string
	for i := range parts {
		name, err := v.t("health." + parts[i].Name)
		if err != nil {
			return "", err
		}
		list = append(list, name)
	}
	return v.t("health.notice", strings.Join(list, ", "))
}

// brief are the facts of a component that its row on the overview has.
func brief(c *authserver.Component) (list []authserver.HealthFact) {
	for _, f := range c.Facts {
		if f.Name == "version" || f.Name == "since" || f.Name == "host" || f.Name == "kind" || f.Name == "sent" || f.Name == "connections" || f.Name == "memory" {
			list = append(list, f)
		}
	}
	return list[:min(len(list), 2)]
}

// amount is the number of a fact with its unit, and the most it can be.
func (v *View) amount(f authserver.HealthFact) (string, error) {
	n, of := v.inUnit(f.N, f.Unit), v.inUnit(f.Of, f.Unit)
	if f.Of == 0 {
		return n, nil
	}
	return v.t("health.of", n, of)
}

func (v *View) inUnit(n int64, unit string) string {
	switch unit {
	case authserver.UnitBytes:
		return v.bytes(n)
	case authserver.UnitMilliseconds:
		if n >= 1000 {
			return v.decimal(float64(n)/1000) + " s"
		}
		return strconv.FormatInt(n, 10) + " ms"
	}
	return v.plain(n)
}

// bytes is a size in the largest unit that it has one of, in steps of 1024.
func (v *View) bytes(n int64) string {
	size, units := float64(n), []string{"bytes", "KB", "MB", "GB", "TB"}
	for size >= 1024 && len(units) > 1 {
		size, units = size/1024, units[1:]
	}
	return v.decimal(size) + " " + units[0]
}

// decimal is a number with one digit behind the point, where it is small and has any.
func (v *View) decimal(f float64) string {
	digits := 0
	if f < 9.95 && f != float64(int64(f)) {
		digits = 1
	}
	text := strconv.FormatFloat(f, 'f', digits, 64)
	return strings.Replace(text, ".", v.texts["format.decimal"], 1)
}
