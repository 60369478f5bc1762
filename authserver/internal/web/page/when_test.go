package page

import (
	"testing"
	"time"
)

func TestMomentsAreToldShortly(t *testing.T) {
	all, err := readCatalogues(textFiles)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 0, 30, 0, 0, time.UTC)
	for _, one := range []struct {
		language string
		at       time.Time
		want     string
	}{
		{"en", now.Add(-10 * time.Minute), "Today, 00:20"},
		{"en", now.Add(-40 * time.Minute), "Yesterday, 23:50"},
		{"en", now.Add(24 * time.Hour), "Tomorrow, 00:30"},
		{"en", now.Add(72 * time.Hour), "5 Jan, 00:30"},
		{"en", now.Add(-72 * time.Hour), "30 Dec 2025"},
		{"de", now.Add(-40 * time.Minute), "Gestern, 23:50"},
	} {
		v := &View{Now: now, texts: all[one.language]}
		if got, err := v.when(one.at); err != nil || got != one.want {
			t.Errorf("%s: %q, not %q (%v)", one.at, got, one.want, err)
		}
	}
}

func TestMomentsAreToldWithinSentences(t *testing.T) {
	all, err := readCatalogues(textFiles)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 2, 12, 30, 0, 0, time.UTC)
	for _, one := range []struct {
		language string
		ago      time.Duration
		want     string
	}{
		{"en", -time.Second, "just now"}, // another clock is ahead
		{"en", 20*time.Minute + time.Second, "20 min ago"},
		{"en", 3 * time.Hour, "today, 09:30"},
		{"en", 24 * time.Hour, "yesterday, 12:30"},
		{"en", 72 * time.Hour, "29 Apr, 12:30"},
		{"en", 365 * 24 * time.Hour, "2 May 2025"},
		{"de", 3 * time.Hour, "heute, 09:30"},
	} {
		v := &View{Now: now, texts: all[one.language]}
		if got, err := v.ago(now.Add(-one.ago)); err != nil || got != one.want {
			t.Errorf("%s ago: %q, not %q (%v)", one.ago, got, one.want, err)
		}
	}
}
