package page

import (
	"time"

	"latchkey/authserver"
)

// KeyView is an API key on a page.
type KeyView struct {
	*authserver.APIKey
	Path             string
	Scope            string
	EndsSoon         *time.Time // a rotated key's end, or its expiry
	InUse            bool       // used within the last day
	RequestsThisHour int64
	Unlimited        bool
	MaxRequests      int64 // in an hour, unless Unlimited
}

// MadeKeyView is a key on the page that shows it, this once.
type MadeKeyView struct {
	KeyView
	Secret string
	API    string   // public address of the resource API
	Old    *KeyView // the key this one replaces; nil: none
}

// command tries the key.
func (k MadeKeyView) command() string {
	return `curl -H "X-Api-Key: ` + k.Secret + `" ` + k.API + "/api/v1/accounts"
}

// lastUse is when a key was used last, and from where.
func (v *View) lastUse(k KeyView) (string, error) {
	if k.LastUsedAt == nil {
		return v.t("key.unused")
	}
	used, err := v.t("key.used.at", v.time(*k.LastUsedAt))
	if err != nil || k.LastUsedFrom == "" {
		return used, err
	}
	from, err := v.t("key.from", k.LastUsedFrom)
	return used + " " + from, err
}

var keyScopes = []choice{
	{"read", "key.scope.read", "key_new.scope.read.text"},
	{"read_write", "key.scope.read_write", "key_new.scope.read_write.text"},
}

func keySources() []choice {
	var list []choice
	for _, source := range authserver.Sources() {
		list = append(list, choice{source, "key.source." + source, "key_new.source." + source + ".text"})
	}
	return list
}
