package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The days of these two zones differ at every moment.
const (
	earliest = "Pacific/Kiritimati" // UTC+14
	latest   = "Etc/GMT+12"         // UTC-12
)

// in chooses the family's time zone and returns its day.
func (c *caller) in(zone string) (today time.Time) {
	c.s.t.Helper()
	r := c.do("PATCH", "/api/v1/family_settings", object{"family_settings": object{"time_zone": zone}}).want(200)
	today, err := time.Parse(time.DateOnly, r.text("today"))
	if err != nil || r.text("time_zone") != zone {
		c.s.t.Fatalf("%v: %s", err, r.raw)
	}
	return today
}

func day(at time.Time, days int) string { return at.AddDate(0, 0, days).Format(time.DateOnly) }

// TestC8_TheFamilysTimeZoneDecidesWhatTodayIs: east of UTC a day counts as soon as it
// has begun there, and west of it not before.
func TestC8_TheFamilysTimeZoneDecidesWhatTodayIs(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		if r := c.get("/api/v1/family_settings").want(200); r.text("time_zone") != "UTC" || r.text("currency") != "USD" {
			t.Errorf("at first: %s", r.raw)
		}
		east := c.in(earliest)
		cash := c.cash()
		c.spend(cash, object{"date": day(east, 0)})
		s.until("the balance", func() bool { return c.get("/api/v1/accounts/"+cash).at("balance_cents") == "-1250" })
		if got := c.get("/api/v1/balance_sheet").text("assets"); got != "-$12.50" {
			t.Errorf("in the east: %s", got)
		}
		west := c.in(latest)
		if !west.Before(east) {
			t.Fatalf("%s and %s", west, east)
		}
		if got := c.get("/api/v1/accounts/" + cash).text("balance"); got != "$0.00" {
			t.Errorf("in the west the day has not come, and the balance is %s", got)
		}
		if got := c.get("/api/v1/balance_sheet").text("assets"); got != "$0.00" {
			t.Errorf("in the west: %s", got)
		}
		c.in(earliest)
		days := c.get("/api/v1/accounts/" + cash + "/balances").want(200)
		if n := days.length("balances"); days.text("balances", n-1, "date") != day(east, 0) {
			t.Errorf("the last day is not today: %s", days.raw)
		}
	})
}

// TestC8_WhatIsInTheFutureDependsOnTheZone: for openings, and for stated balances.
func TestC8_WhatIsInTheFutureDependsOnTheZone(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		open := func(date string) result {
			return c.do("POST", "/api/v1/accounts", object{"account": object{"name": "A", "balance": "1", "opening_date": date}})
		}
		cash := c.cash()
		east := c.in(earliest)
		open(day(east, 0)).want(201)
		open(day(east, 1)).refuses(422, "validation_failed", "Opening date must be after")
		west := c.in(latest)
		open(day(west, 0)).want(201)
		open(day(east, 0)).refuses(422, "validation_failed", "Opening date must be after")
		c.do("PATCH", "/api/v1/accounts/"+cash, object{"account": object{"balance": "7"}}).want(200)
		if got := c.get("/api/v1/valuations?account_id="+cash).want(200).text("valuations", 0, "date"); got != day(west, 0) {
			t.Errorf("stated for %s, and it is %s there", got, day(west, 0))
		}
	})
}

// TestC8_TimeZonesAreNames: of the IANA database, and of one family only.
func TestC8_TimeZonesAreNames(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c, other := s.family(), s.family()
		change := func(body string) result { return c.do("PATCH", "/api/v1/family_settings", body) }
		for _, zone := range []string{"", " ", "Local", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "+02:00", "Europe/Berlin\\u0000", "é"} {
			change(`{"family_settings":{"time_zone":"`+zone+`"}}`).refuses(422, "validation_failed", "Time zone ")
		}
		change(`{"family_settings":{"time_zone":5}}`).refuses(422, "validation_failed", "Time zone must be a string")
		change(`{"family_settings":{"timezone":"UTC"}}`).refuses(422, "validation_failed", "timezone is not known here: time_zone is")
		change(`{"family_settings":{"currency":"EUR"}}`).refuses(422, "validation_failed", "Currency cannot be changed")
		change(`{"time_zone":"UTC"}`).refuses(400, "bad_request", "family_settings is missing")
		c.in("Europe/Berlin")
		shown := c.get("/api/v1/family_settings").want(200).at().(object)
		c.do("PUT", "/api/v1/family_settings", object{"family_settings": shown}).want(200)
		if got := other.get("/api/v1/family_settings").text("time_zone"); got != "UTC" {
			t.Errorf("another family: %s", got)
		}
		s.member(c.answer.FamilyID, "admin", "read").do("PATCH", "/api/v1/family_settings", `{}`).refuses(403, "insufficient_scope", "read_write")
		s.member(c.answer.FamilyID, "guest", "read_write").do("PATCH", "/api/v1/family_settings", `{}`).refuses(403, "forbidden", "")
	})
}

// TestC8_TheAuthorizationServerChoosesTheZoneToo, with the secret that erases, and is
// told what another replica has changed meanwhile.
func TestC8_TheAuthorizationServerChoosesTheZoneToo(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		operator := &caller{s: s, header: http.Header{}}
		path, secret := "/internal/families/"+c.answer.FamilyID, []string{"Authorization", "Bearer " + erasureSecret}
		change := object{"family_settings": object{"time_zone": earliest}}
		for _, method := range []string{"GET", "PATCH"} {
			operator.do(method, path, change).refuses(401, "unauthorized", "")
			c.do(method, path, change).want(401)
			operator.do(method, "/internal/families/x", change, secret...).want(404)
		}
		if got := operator.do("GET", path, nil, secret...).want(200); got.text("time_zone") != "UTC" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("at first: %s %v", got.raw, got.header)
		}
		replica := &caller{s: front(t, s.set, s.db, s.people), header: http.Header{}}
		replica.do("PATCH", path, object{"family_settings": object{"time_zone": "Asia/Tokyo"}}, secret...).want(200)
		if got := operator.do("GET", path, nil, secret...).want(200).text("time_zone"); got != "Asia/Tokyo" {
			t.Errorf("after a change elsewhere: %s", got)
		}
		operator.do("PATCH", path, change, secret...).want(200)
		if got := c.get("/api/v1/family_settings").text("time_zone"); got != earliest {
			t.Errorf("seen by the family: %s", got)
		}
		operator.do("PATCH", path, object{"family_settings": object{"time_zone": "Mars"}}, secret...).refuses(422, "validation_failed", "Time zone ")
		other := object{"family_settings": object{"time_zone": latest}}
		operator.do("PATCH", path+"?seen=Asia%2FTokyo", other, secret...).refuses(409, "conflict", "another one now")
		if got := operator.do("GET", path, nil, secret...).want(200).text("time_zone"); got != earliest {
			t.Errorf("changed by somebody who saw another: %s", got)
		}
		operator.do("PATCH", path+"?seen="+url.QueryEscape(earliest), other, secret...).want(200)
	})
}
