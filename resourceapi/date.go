package resourceapi

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day without a time or a zone, counted in days from
// 1970-01-01. It is stored and written as YYYY-MM-DD.
type Date int32

// ErrDate is returned by ParseDate for anything but a calendar day.
var ErrDate = errors.New("is not a date in the form YYYY-MM-DD")

const secondsPerDay = 86_400

// ParseDate reads YYYY-MM-DD, from year 1 to 9999.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || len(text) != len(time.DateOnly) || t.Year() < 1 {
		return 0, ErrDate
	}
	return DateOf(t), nil
}

// DateOf returns the day of t in t's own zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay) //nolint:gosec // years 1 to 9999 fit 32 bits
}

// Time returns midnight UTC at the beginning of the day.
func (d Date) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// AddYears returns the same day so many years on; a 29 February without one
// becomes 1 March.
func (d Date) AddYears(n int) Date { return DateOf(d.Time().AddDate(n, 0, 0)) }

// Month returns the first day of the month n months after d's.
func (d Date) Month(n int) Date {
	year, month, _ := d.Time().Date()
	return DateOf(time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC))
}

// String returns YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Value stores the day as YYYY-MM-DD, which both engines compare and sort.
func (d Date) Value() (driver.Value, error) { return d.String(), nil }

// Scan reads what Value stored.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*d = DateOf(v)
		return nil
	case string:
		got, err := ParseDate(v)
		*d = got
		return err
	case []byte:
		return d.Scan(string(v))
	}
	return fmt.Errorf("resourceapi: cannot scan %T into a date", src)
}
