package resourceapi

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Amount is a sum of money in minor units of its currency: cents for USD, yen
// for JPY, fils for KWD.
type Amount int64

// MaxAmount bounds a single amount, in minor units: ten trillion dollars. Nine
// thousand of the largest still add up within 64 bits.
const MaxAmount Amount = 1_000_000_000_000_000

// Errors of ParseAmount.
var (
	ErrAmountSyntax    = errors.New("is not a number")
	ErrAmountPrecision = errors.New("has more decimal places than its currency")
	ErrAmountRange     = errors.New("is out of range")
)

const maxAmountText = 64

// ParseAmount reads a decimal number ("-12.5", "1e2") exactly, as so many minor
// units of c, without floats. A value between two minor units is not rounded: it
// is ErrAmountPrecision.
func ParseAmount(text string, c Currency) (Amount, error) {
	n, err := parseScaled(text, c.decimals())
	if err == nil && Amount(n).Abs() > MaxAmount {
		err = ErrAmountRange
	}
	if err != nil {
		return 0, err
	}
	return Amount(n), nil
}

// ParseThousandths reads a decimal number exactly, in thousandths of a unit, which
// amounts of every currency can be compared with. A number beyond all amounts
// becomes the largest or smallest int64.
func ParseThousandths(text string) (int64, error) {
	n, err := parseScaled(text, 3)
	if errors.Is(err, ErrAmountRange) && len(text) <= maxAmountText {
		if strings.HasPrefix(text, "-") {
			return math.MinInt64, nil
		}
		return math.MaxInt64, nil
	}
	return n, err
}

// parseScaled reads text as a whole number of 10^-decimals.
func parseScaled(text string, decimals int) (int64, error) {
	if len(text) > maxAmountText {
		return 0, ErrAmountRange
	}
	negative, digits, point, err := splitNumber(text)
	if err != nil {
		return 0, err
	}
	// The value is digits × 10^(point-len(digits)); scale it.
	shift := point - len(digits) + decimals
	for shift < 0 && strings.HasSuffix(digits, "0") {
		digits, shift = digits[:len(digits)-1], shift+1
	}
	digits = strings.TrimLeft(digits, "0")
	switch {
	case digits == "":
		return 0, nil
	case shift < 0:
		return 0, ErrAmountPrecision
	case len(digits)+shift > 18:
		return 0, ErrAmountRange
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		return 0, ErrAmountRange
	}
	if negative {
		n = -n
	}
	return n, nil
}

// splitNumber splits a number as JSON writes it: its sign, all its digits, and how
// many of them are before the decimal point after the exponent is applied.
func splitNumber(text string) (negative bool, digits string, point int, err error) {
	switch {
	case strings.HasPrefix(text, "-"):
		negative, text = true, text[1:]
	case strings.HasPrefix(text, "+"):
		text = text[1:]
	}
	exponent := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent, err = strconv.Atoi(text[i+1:])
		if errors.Is(err, strconv.ErrRange) || exponent > 400 || exponent < -400 {
			return false, "", 0, ErrAmountRange
		}
		if err != nil {
			return false, "", 0, ErrAmountSyntax
		}
		text = text[:i]
	}
	whole, fraction, dotted := strings.Cut(text, ".")
	if whole == "" && fraction == "" || dotted && fraction == "" {
		return false, "", 0, ErrAmountSyntax
	}
	digits = whole + fraction
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false, "", 0, ErrAmountSyntax
		}
	}
	return negative, digits, len(whole) + exponent, nil
}

// Abs returns the amount without its sign.
func (a Amount) Abs() Amount {
	if a < 0 {
		return -a
	}
	return a
}

// Thousandths returns the amount in thousandths of its currency's unit, so that
// amounts of different currencies can be compared.
func (a Amount) Thousandths(c Currency) int64 {
	n := int64(a)
	for range 3 - c.decimals() {
		n *= 10
	}
	return n
}

// Add returns a+b, and false when the sum does not fit.
func (a Amount) Add(b Amount) (Amount, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0)
}

// Decimal returns the plain decimal number, such as -1234.50.
func (a Amount) Decimal(c Currency) string {
	digits := strconv.FormatUint(magnitude(a), 10)
	places := c.decimals()
	if len(digits) <= places {
		digits = strings.Repeat("0", places+1-len(digits)) + digits
	}
	text := digits[:len(digits)-places]
	if places > 0 {
		text += "." + digits[len(digits)-places:]
	}
	if a < 0 {
		return "-" + text
	}
	return text
}

// Format returns the amount as people read it, such as -$1,234.50
// (docs/contract.md, "Money").
func (a Amount) Format(c Currency) string {
	plain := strings.TrimPrefix(a.Decimal(c), "-")
	whole, fraction, _ := strings.Cut(plain, ".")
	var b strings.Builder
	if a < 0 {
		b.WriteByte('-')
	}
	b.WriteString(c.symbol())
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if fraction != "" {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

func magnitude(a Amount) uint64 {
	if a < 0 {
		return uint64(-(a + 1)) + 1 //nolint:gosec // -(a+1) is never negative, also for the smallest amount
	}
	return uint64(a)
}

// SaturatingAdd returns a+b, or the largest or smallest Amount where the sum does not fit.
func (a Amount) SaturatingAdd(b Amount) Amount {
	sum, fits := a.Add(b)
	switch {
	case fits:
		return sum
	case b > 0:
		return 1<<63 - 1
	}
	return -1 << 63
}
