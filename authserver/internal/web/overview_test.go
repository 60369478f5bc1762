package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
)

// The pictures of the overview reach back as far as is asked for, a year too.
func TestOverviewPeriods(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		now := s.clock.now().UTC()
		var uses []keyuse.Use
		for _, ago := range []time.Duration{0, 3 * time.Hour, 3 * 24 * time.Hour, 20 * 24 * time.Hour, 200 * 24 * time.Hour, 330 * 24 * time.Hour} {
			at := now.Add(-ago)
			uses = append(uses,
				keyuse.Use{Kind: keyuse.KindInstance, ID: authserver.CountTokens, At: at, Hour: keyuse.Span(keyuse.KindInstance, at), Count: 1000},
				keyuse.Use{Kind: keyuse.KindLatency, ID: strconv.Itoa(10), At: at, Hour: keyuse.Span(keyuse.KindLatency, at), Count: 500})
		}
		if err := s.Store.StampUses(t.Context(), uses); err != nil {
			t.Fatal(err)
		}
		for period, want := range map[string]string{
			"24h": "2,000 in 24 hours", "7d": "3,000 in 7 days", "30d": "4,000 in 30 days", "": "4,000 in 30 days", "year": "6,000 in 12 months",
		} {
			page := open(t, boss.Browser, "/operator?period="+period)
			if !strings.Contains(page.Text(), want) {
				t.Errorf("%q does not say %q: %s", period, want, page.Text())
			}
			if strings.Count(page.Body, `aria-current="page">`) < 1 || strings.Count(page.Body, "<table") != 0 {
				t.Errorf("%q: %s", period, page.Body)
			}
			table := open(t, boss.Browser, "/operator?table=latency&period="+period)
			if strings.Count(table.Body, "<table") != 1 || !strings.Contains(table.Text(), "Show as a chart") {
				t.Errorf("%q as a table: %s", period, table.Text())
			}
		}
		for _, query := range []string{"period=x", "period=24H", "table=x"} {
			if page, err := boss.Browser.Get(t.Context(), "/operator?"+query); err != nil || page.Status != http.StatusBadRequest || !strings.Contains(page.Text(), "There is no such period") {
				t.Errorf("%s: %d, %v", query, page.Status, err)
			}
		}
	}, withOperator)
}

// A figure is compared with as much of the same day a week ago, where that was enough.
func TestOverviewCompares(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		const day = 24 * time.Hour
		now := s.clock.now().UTC()
		s.clock.advance(now.Truncate(day).Add(day + day/2).Sub(now)) // noon, with hours of the day before and after it
		boss := signedUp(t, s)
		hour := s.clock.now().UTC().Truncate(time.Hour)
		stamp := func(name string, ago time.Duration, n int64) {
			t.Helper()
			at := hour.Add(-ago)
			if err := s.Store.StampUses(t.Context(), []keyuse.Use{{Kind: keyuse.KindInstance, ID: name, At: at, Hour: at, Count: n}}); err != nil {
				t.Fatal(err)
			}
		}
		const week = 7 * day
		stamp(authserver.CountSignins, time.Hour, 120)
		stamp(authserver.CountSignins, week+time.Hour, 100)
		stamp(authserver.CountSignins, week-time.Hour, 10_000) // later on that day
		stamp(authserver.CountRefused, time.Hour, 4)
		stamp(authserver.CountRefused, week+time.Hour, 5) // too few
		stamp(authserver.CountTokens, time.Hour, 1_000)
		stamp(authserver.CountTokens, week+time.Hour, 1_020)
		text := open(t, boss.Browser, "/operator").Text()
		for _, want := range []string{"20% more than a week ago by now", "yesterday 0", "about as many as a week ago by now"} {
			if !strings.Contains(text, want) {
				t.Errorf("the overview does not say %q: %s", want, text)
			}
		}
	}, withOperator)
}
