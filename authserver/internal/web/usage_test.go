package web_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/testenv/actor"
)

// figures are the rows of the table behind a picture.
func figures(page *actor.Page, id string) [][2]string {
	_, rest, _ := strings.Cut(page.Body, `aria-labelledby="`+id+`-heading"><table`)
	table, _, _ := strings.Cut(rest, "</table>")
	var rows [][2]string
	for _, row := range regexp.MustCompile(`<th>([^<]*)<td>([^<]*)`).FindAllStringSubmatch(table, -1) {
		rows = append(rows, [2]string{row[1], row[2]})
	}
	return rows
}

// at lets it be a moment that is still to come.
func (s *site) at(t *testing.T, moment string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.advance(at.Sub(s.clock.now()))
	return at
}

// TestPicturesAreCutInTheReadersZone: what was counted by the hours of UTC is drawn by
// the reader's hours and dates, on days of 23 and 25 hours and where clocks are half an
// hour off; nothing is lost and nothing counts twice.
func TestPicturesAreCutInTheReadersZone(t *testing.T) {
	cases := []struct {
		zone, now string
		hours     [3]string // of the latest days, the last one first: one sign-in in each
		days      [3]string
		odd       string // what is said of days that begin oddly
	}{
		{"Europe/Berlin", "2031-10-27T10:30:00Z", [3]string{"12", "25", "24"}, [3]string{"27 Oct", "26 Oct", "25 Oct"}, ""},
		{"Europe/Berlin", "2032-03-29T10:30:00Z", [3]string{"13", "23", "24"}, [3]string{"29 Mar", "28 Mar", "27 Mar"}, ""},
		{"Asia/Kolkata", "2032-05-05T18:45:00Z", [3]string{"24", "24", "24"}, [3]string{"5 May", "4 May", "3 May"}, "a day here begins at 00:30"},
		{"Asia/Kathmandu", "2032-05-08T18:20:00Z", [3]string{"24", "24", "24"}, [3]string{"8 May", "7 May", "6 May"}, "a day here begins at 00:45"},
		{"Pacific/Auckland", "2032-06-01T13:10:00Z", [3]string{"2", "24", "24"}, [3]string{"2 Jun", "1 Jun", "31 May"}, ""},
		{"America/St_Johns", "2032-08-01T02:40:00Z", [3]string{"24", "24", "24"}, [3]string{"31 Jul", "30 Jul", "29 Jul"}, "a day here begins at 00:30"},
		{"Australia/Lord_Howe", "2032-10-03T14:10:00Z", [3]string{"2", "23", "24"}, [3]string{"4 Oct", "3 Oct", "2 Oct"}, ""},
		{"", "2032-11-01T10:30:00Z", [3]string{"11", "24", "24"}, [3]string{"1 Nov", "31 Oct", "30 Oct"}, ""},
	}
	eachSite(t, func(t *testing.T, s *site) {
		for _, c := range cases {
			now := s.at(t, c.now)
			boss := signedUp(t, s)
			if _, err := s.DB.Exec(t.Context(), `UPDATE users SET operator = $1, time_zone = $2 WHERE email = $3`, true, c.zone, boss.Email); err != nil {
				t.Fatal(err)
			}
			var uses []keyuse.Use
			for i := range 24 * 29 {
				at := now.Add(-time.Duration(i) * time.Hour)
				uses = append(uses, keyuse.Use{Kind: keyuse.KindInstance, ID: authserver.CountSignins, At: at, Hour: keyuse.Span(keyuse.KindInstance, at), Count: 1})
			}
			if err := s.Store.StampUses(t.Context(), uses); err != nil {
				t.Fatal(err)
			}
			page := open(t, boss.Browser, "/operator?table=signins")
			rows := figures(page, "signins")
			if len(rows) != 30 {
				t.Fatalf("%s: %d days", c.zone, len(rows))
			}
			for i, want := range c.hours {
				if got := rows[29-i]; got[0] != c.days[i] || got[1] != want {
					t.Errorf("%s at %s, %d days ago: %v, want %s of %s", c.zone, c.now, i, got, want, c.days[i])
				}
			}
			place := strings.ReplaceAll(c.zone, "_", " ")
			if place == "" {
				place = "UTC"
			}
			text := page.Text()
			if !strings.Contains(text, "in the time zone "+place) || !strings.Contains(text, "Day ("+place+")") || strings.Contains(text, "a day here begins at") != (c.odd != "") || !strings.Contains(text, c.odd) {
				t.Errorf("%s: %s", c.zone, text)
			}
			if _, err := s.DB.Exec(t.Context(), `DELETE FROM usage_hours`); err != nil {
				t.Fatal(err)
			}
		}
	}, withOperator)
}

// TestHoursOfAKeyAreTheReaders, and an hour that is there twice says which one it is.
func TestHoursOfAKeyAreTheReaders(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		for _, c := range []struct{ zone, now, first, last, within string }{
			{"Europe/Berlin", "2031-10-26T04:30:00Z", "07:00 CEST", "05:00 CET", "02:00 CEST 02:00 CET"},
			{"Europe/Berlin", "2032-03-28T04:30:00Z", "06:00 CET", "06:00 CEST", "01:00 CET 03:00 CEST"},
			{"Asia/Kolkata", "2032-05-05T18:45:00Z", "00:30", "23:30", "05:30 06:30"},
			{"", "2032-05-06T18:45:00Z", "19:00", "18:00", "23:00 00:00"},
		} {
			s.at(t, c.now)
			p := signedUp(t, s)
			if _, err := s.DB.Exec(t.Context(), `UPDATE users SET time_zone = $1 WHERE email = $2`, c.zone, p.Email); err != nil {
				t.Fatal(err)
			}
			_, path := makeKey(t, p.Browser, "Script")
			if text := open(t, p.Browser, path).Text(); !strings.Contains(text, "No requests in the last 30 days") || strings.Contains(text, "Show as a table") {
				t.Errorf("a key that was never used: %s", text)
			}
			now := s.clock.now()
			if err := s.Store.StampUses(t.Context(), []keyuse.Use{{ID: strings.TrimPrefix(path, "/settings/api_keys/"), At: now, Hour: keyuse.Span(keyuse.KindKey, now), Count: 3}}); err != nil {
				t.Fatal(err)
			}
			rows := figures(open(t, p.Browser, path), "hours")
			labels := make([]string, len(rows))
			for i, row := range rows {
				labels[i] = row[0]
			}
			if len(rows) != 24 || labels[0] != c.first || rows[23] != [2]string{c.last, "3"} || !strings.Contains(strings.Join(labels, " "), c.within) {
				t.Errorf("%s at %s: %v", c.zone, c.now, rows)
			}
		}
	}, withKeys)
}

// TestTimesToAnswerByDay: replicas add up, days are the reader's, a day without requests
// interrupts the lines, and the table has more than the picture.
func TestTimesToAnswerByDay(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		now := s.at(t, "2032-06-01T13:10:00Z")
		boss := signedUp(t, s)
		if _, err := s.DB.Exec(t.Context(), `UPDATE users SET time_zone = 'Pacific/Auckland' WHERE email = $1`, boss.Email); err != nil {
			t.Fatal(err)
		}
		if text := open(t, boss.Browser, "/operator").Text(); !strings.Contains(text, "No requests were measured in this time") {
			t.Errorf("without any: %s", text)
		}
		stamp := func(hours, count int, took time.Duration) {
			t.Helper()
			at := now.Add(-time.Duration(hours) * time.Hour)
			use := keyuse.Use{Kind: keyuse.KindLatency, ID: strconv.Itoa(authserver.LatencyBucket(took)), At: at, Hour: keyuse.Span(keyuse.KindLatency, at), Count: int64(count)}
			if err := s.Store.StampUses(t.Context(), []keyuse.Use{use}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // replicas
			stamp(0, 49, 8*time.Millisecond)
			stamp(0, 1, 300*time.Millisecond)
			stamp(1, 1, 3*time.Second) // of today too, at the reader's
			stamp(24, 10, 800*time.Microsecond)
			stamp(72, 1, 20*time.Second)
		}
		page := open(t, boss.Browser, "/operator?table=latency")
		_, rest, _ := strings.Cut(page.Body, `aria-labelledby="latency-heading"><table`)
		table, _, _ := strings.Cut(rest, "</table>")
		rows := regexp.MustCompile(`<th>([^<]*)((?:<td>[^<]*)+)`).FindAllStringSubmatch(table, -1)
		if len(rows) != 30 {
			t.Fatalf("%d days: %s", len(rows), page.Text())
		}
		for back, want := range []string{
			"2 Jun 102 (7|8).\\d 9.\\d (2|3),?\\d{3}", "1 Jun 20 0.\\d 0.\\d 0.\\d", "31 May 0 – – –", "30 May 2 (1|2)\\d,\\d{3} (1|2)\\d,\\d{3} (1|2)\\d,\\d{3}",
		} {
			row := rows[29-back]
			got := row[1] + " " + strings.Join(strings.Fields(strings.ReplaceAll(row[2], "<td>", " ")), " ")
			if !regexp.MustCompile("^" + want + "$").MatchString(got) {
				t.Errorf("%d days ago: %q, want %s", back, got, want)
			}
		}
		page = open(t, boss.Browser, "/operator")
		if lines, dots := strings.Count(page.Body, "vector-effect"), strings.Count(page.Body, "<circle cx="); lines != 2 || dots != 2 || !strings.Contains(page.Text(), "Slowest: 30 May.") || !strings.Contains(page.Text(), "Slowest 1% today") {
			t.Errorf("%d lines, %d dots: %s", lines, dots, page.Text())
		}
		if !regexp.MustCompile(`yesterday 0\.\d ms [^,a]`).MatchString(page.Text()) {
			t.Errorf("the slowest of yesterday and a week ago: %s", page.Text())
		}
	}, withOperator)
}
