package secret

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"strings"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var isBase62 = func() (is [256]bool) {
	for _, c := range []byte(alphabet) {
		is[c] = true
	}
	return is
}()

// appendBase62 appends raw, read as one big-endian number, in width digits.
func appendBase62(dst, raw []byte, width int) []byte {
	words := make([]uint32, len(raw)/4)
	for i := range words {
		words[i] = binary.BigEndian.Uint32(raw[4*i:])
	}
	start := len(dst)
	dst = append(dst, make([]byte, width)...)
	for i := start + width - 1; i >= start; i-- {
		var rest uint64
		for j, word := range words { // long division of the whole number by 62
			rest = rest<<32 | uint64(word)
			words[j] = uint32(rest / 62) //nolint:gosec // the quotient of a number below 62<<32 by 62 fits 32 bits
			rest %= 62
		}
		dst[i] = alphabet[rest]
	}
	return dst
}

var digitOf = func() (digits [256]uint64) {
	for _, c := range []byte(alphabet) {
		digits[c] = uint64(strings.IndexByte(alphabet, c)) //nolint:gosec // c is in the alphabet
	}
	return digits
}()

// decodeBase62 is the inverse of appendBase62 for 32 bytes. ErrMalformed: the
// number has more than 256 bits. Text must be digits of the alphabet.
func decodeBase62(text string) (raw [randomBytes]byte, err error) {
	var n [4]uint64 // the least significant word first
	for i := range len(text) {
		carry := digitOf[text[i]]
		for j := range n {
			high, low := bits.Mul64(n[j], 62)
			var over uint64
			n[j], over = bits.Add64(low, carry, 0)
			carry = high + over // at most 61 + 1
		}
		if carry != 0 {
			return raw, ErrMalformed
		}
	}
	for j, word := range n {
		binary.BigEndian.PutUint64(raw[8*(3-j):], word)
	}
	return raw, nil
}

func appendChecksum(dst []byte) []byte {
	var sum [checkLen]byte
	encodeUint32(&sum, crc32.ChecksumIEEE(dst))
	return append(dst, sum[:]...)
}

func encodeUint32(dst *[checkLen]byte, n uint32) {
	for i := checkLen - 1; i >= 0; i-- {
		dst[i] = alphabet[n%62]
		n /= 62
	}
}
