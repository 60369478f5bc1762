package api

import (
	"testing"
	"time"
)

func TestStampIsItsLayout(t *testing.T) {
	const layout = "2006-01-02T15:04:05.000Z"
	for _, at := range []time.Time{
		{},
		time.Unix(0, 0), time.UnixMilli(1_700_000_000_001), time.UnixMilli(1_700_000_000_120), time.UnixMilli(1_700_000_000_999),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.FixedZone("", 5*3600)),
	} {
		got, err := stamp(at).MarshalText()
		if want := at.UTC().Format(layout); err != nil || string(got) != want {
			t.Errorf("%s, want %s (%v)", got, want, err)
		}
	}
}
