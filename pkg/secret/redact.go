package secret

import "strings"

// hideFrom is how many characters after a prefix look like a credential, whole or
// cut: no other word is so long.
const hideFrom = 12

// Redact returns text, of which nobody knows what is in it, without what looks like a
// credential of ours, whole, cut or damaged: only the prefix of one stays.
func Redact(text string) string {
	var out strings.Builder
	for {
		start, end := looksLike(text)
		if end == 0 {
			break
		}
		out.WriteString(text[:start+prefixLen])
		out.WriteString("…")
		text = text[end:]
	}
	if out.Len() == 0 {
		return text
	}
	out.WriteString(text)
	return out.String()
}

// looksLike finds the first place that looks like a credential; end 0: there is
// none.
func looksLike(text string) (start, end int) {
	for at := 0; ; at++ {
		next := strings.IndexByte(text[at:], '_')
		if next < 0 {
			return 0, 0
		}
		at += next
		start, end = at-prefixLen+1, at+1
		for end < len(text) && isBase62[text[end]] {
			end++
		}
		if start < 0 || end-at <= hideFrom || !isKind(text[start:at+1]) {
			continue
		}
		for end < len(text) && (isBase62[text[end]] || text[end] == '_') { // another may follow without a gap
			end++
		}
		return start, end
	}
}

func isKind(prefix string) bool {
	for _, k := range kinds {
		if prefix == string(k) {
			return true
		}
	}
	return false
}
