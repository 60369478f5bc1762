package resourceapi

import (
	"errors"
	"strings"
)

// Currency is an ISO 4217 code in capitals, such as USD.
type Currency string

// errCurrency is returned by ParseCurrency for what ISO 4217 does not list.
var errCurrency = errors.New("is not a known currency")

// ParseCurrency recognises an ISO 4217 code, in either case.
func ParseCurrency(text string) (Currency, error) {
	if len(text) != 3 {
		return "", errCurrency
	}
	code := strings.ToUpper(text)
	if strings.Contains(zeroDecimals, code) || strings.Contains(threeDecimals, code) || strings.Contains(twoDecimals, code) {
		if !strings.Contains(code, " ") {
			return Currency(code), nil
		}
	}
	return "", errCurrency
}

// Blanks separate the codes, so that three letters of two codes never match.
const (
	zeroDecimals  = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
	threeDecimals = "BHD IQD JOD KWD LYD OMR TND"
	twoDecimals   = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD " +
		"CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD " +
		"HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK " +
		"MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB " +
		"SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD " +
		"UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)

// decimals returns how many decimal places the currency has: 0, 2 or 3.
func (c Currency) decimals() int {
	switch {
	case strings.Contains(zeroDecimals, string(c)):
		return 0
	case strings.Contains(threeDecimals, string(c)):
		return 3
	}
	return 2
}

var symbols = map[Currency]string{
	"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹", "KRW": "₩", "VND": "₫", "ILS": "₪",
	"NGN": "₦", "PHP": "₱", "TRY": "₺", "UAH": "₴", "KZT": "₸", "GEL": "₾", "AZN": "₼", "CRC": "₡", "PYG": "₲",
	"THB": "฿", "MNT": "₮", "KHR": "៛", "LAK": "₭", "GHS": "₵", "RUB": "₽", "BRL": "R$", "CAD": "CA$", "AUD": "A$",
	"NZD": "NZ$", "HKD": "HK$", "SGD": "S$", "TWD": "NT$", "MXN": "MX$",
}

// symbol returns the text before an amount: the sign of the currency if it has a
// well-known one, otherwise its code and a blank.
func (c Currency) symbol() string {
	if s, ok := symbols[c]; ok {
		return s
	}
	return string(c) + " "
}
