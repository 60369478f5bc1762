package preference

import (
	"regexp"
	"strings"
)

// primaryTag is the language of a tag (RFC 5646 section 2.2.1), in small letters.
var primaryTag = regexp.MustCompile(`^[a-z]{2,3}$`)

// Language picks the first language of an Accept-Language header that is known; "":
// none. Weights are ignored: browsers send the list in order.
func Language(accept string, known func(language string) bool) string {
	for tag := range strings.SplitSeq(accept, ",") {
		tag, _, _ = strings.Cut(tag, ";")
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if primaryTag.MatchString(tag) && known(tag) {
			return tag
		}
	}
	return ""
}
