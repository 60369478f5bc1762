package resourceapi_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"latchkey/resourceapi"
)

func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency resourceapi.Currency
		want     resourceapi.Amount
		err      error
	}{
		{"0", "USD", 0, nil},
		{"-0.00", "USD", 0, nil},
		{"12.5", "USD", 1250, nil},
		{"12.50000", "USD", 1250, nil},
		{"-12.34", "USD", -1234, nil},
		{"+1", "USD", 100, nil},
		{".5", "USD", 50, nil},
		{"1e2", "USD", 10_000, nil},
		{"125E-2", "USD", 125, nil},
		{"0e400", "USD", 0, nil},
		{"1250", "JPY", 1250, nil},
		{"1.5", "JPY", 0, resourceapi.ErrAmountPrecision},
		{"1.234", "KWD", 1234, nil},
		{"1.2345", "KWD", 0, resourceapi.ErrAmountPrecision},
		{"0.001", "USD", 0, resourceapi.ErrAmountPrecision},
		{"10000000000000", "USD", resourceapi.MaxAmount, nil},
		{"10000000000000.01", "USD", 0, resourceapi.ErrAmountRange},
		{"1e400", "USD", 0, resourceapi.ErrAmountRange},
		{"1e99999999999999999999", "USD", 0, resourceapi.ErrAmountRange},
		{"1e-401", "USD", 0, resourceapi.ErrAmountRange},
		{"", "USD", 0, resourceapi.ErrAmountSyntax},
		{"-", "USD", 0, resourceapi.ErrAmountSyntax},
		{"1.", "USD", 0, resourceapi.ErrAmountSyntax},
		{"1,5", "USD", 0, resourceapi.ErrAmountSyntax},
		{"1e", "USD", 0, resourceapi.ErrAmountSyntax},
		{"0x10", "USD", 0, resourceapi.ErrAmountSyntax},
		{"NaN", "USD", 0, resourceapi.ErrAmountSyntax},
		{"--1", "USD", 0, resourceapi.ErrAmountSyntax},
		{"١", "USD", 0, resourceapi.ErrAmountSyntax},
	} {
		got, err := resourceapi.ParseAmount(c.text, c.currency)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q %s: %d, %v; want %d, %v", c.text, c.currency, got, err, c.want, c.err)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		amount   resourceapi.Amount
		currency resourceapi.Currency
		want     string
	}{
		{-1250, "USD", "-$12.50"},
		{5, "USD", "$0.05"},
		{123_456_789, "USD", "$1,234,567.89"},
		{1250, "JPY", "¥1,250"},
		{-1, "KWD", "-KWD 0.001"},
		{100_000, "EUR", "€1,000.00"},
		{99, "CHF", "CHF 0.99"},
		{math.MinInt64, "JPY", "-¥9,223,372,036,854,775,808"},
	} {
		if got := c.amount.Format(c.currency); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.amount, c.currency, got, c.want)
		}
	}
}

func TestSumsStopAtTheEdge(t *testing.T) {
	if _, fits := resourceapi.Amount(math.MaxInt64).Add(1); fits {
		t.Error("a sum beyond 64 bits fits")
	}
	if got := resourceapi.Amount(math.MinInt64).SaturatingAdd(-1); got != math.MinInt64 {
		t.Errorf("held at %d", got)
	}
	if got, fits := resourceapi.Amount(-5).Add(0); got != -5 || !fits {
		t.Errorf("nothing added: %d, %v", got, fits)
	}
}

func TestCurrencies(t *testing.T) {
	for text, want := range map[string]resourceapi.Currency{
		"USD": "USD", "eur": "EUR", "Kwd": "KWD", "": "", "US": "", "USDX": "", "D E": "", "XXX": "", "ZZZ": "", "S$D": "",
	} {
		if got, err := resourceapi.ParseCurrency(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestDates(t *testing.T) {
	for _, text := range []string{"0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"} {
		if d, err := resourceapi.ParseDate(text); err != nil || d.String() != text {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "2024-2-9", "2023-02-29", "0000-01-01", "2024-01-01T00:00:00Z", "24-01-01", "10000-01-01", "２024-01-01"} {
		if d, err := resourceapi.ParseDate(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
	if got := resourceapi.DateOf(time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC)); got != -1 {
		t.Errorf("the day before 1970 is %d", got)
	}
}

func TestIDs(t *testing.T) {
	const id = "2f1e8b7a-0000-4000-8000-00000000abcd"
	for text, want := range map[string]string{
		id: id, "2F1E8B7A-0000-4000-8000-00000000ABCD": id, "": "", "2f1e8b7a00004000800000000000abcd": "",
		"{f1e8b7a-0000-4000-8000-00000000abc}": "", "2f1e8b7a-0000-4000-8000-00000000abcg": "", "2f1e8b7a_0000_4000_8000_00000000abcd": "",
		"2f1e8b7a-0000-4000-8000-00000000ab\r-": "", "2f1e8b7a\r0000-4000-8000-00000000abcd": "",
	} {
		if got, ok := resourceapi.ParseID(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"1", "-1.50", "1e3", ".5", "1e-2", "999999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range []resourceapi.Currency{"USD", "JPY", "KWD"} {
			a, err := resourceapi.ParseAmount(text, c)
			if err != nil {
				continue
			}
			if a.Abs() > resourceapi.MaxAmount {
				t.Fatalf("%q is %d", text, a)
			}
			if again, err := resourceapi.ParseAmount(a.Decimal(c), c); err != nil || again != a {
				t.Fatalf("%q is %d, written %s, read %d, %v", text, a, a.Decimal(c), again, err)
			}
		}
	})
}
