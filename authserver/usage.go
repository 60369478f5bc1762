package authserver

import "time"

// UsageHour is what was counted of something in one hour, or, of a grant, in one day.
type UsageHour struct {
	Hour      time.Time // its beginning, in UTC
	Calls     int64     // requests that no limit refused
	Limited   int64     // beside Calls: over the limit
	Forbidden int64     // of Calls: refused because scope or role did not reach
}

// Answered is how many requests got what they asked for, as far as their scope goes.
func (h *UsageHour) Answered() int64 { return max(h.Calls-h.Forbidden, 0) }

// Refused is how many did not.
func (h *UsageHour) Refused() int64 { return h.Limited + h.Forbidden }

// Add counts more in.
func (h *UsageHour) Add(more *UsageHour) {
	h.Calls, h.Limited, h.Forbidden = h.Calls+more.Calls, h.Limited+more.Limited, h.Forbidden+more.Forbidden
}

// KeyAddress is an address that an API key was used from.
type KeyAddress struct {
	Address         string
	Calls           int64 // since FirstAt
	FirstAt, LastAt time.Time
}

// What the instance counts of itself, by name.
const (
	CountSignins = "signins"
	CountRefused = "refused" // sign-ins
	CountTokens  = "tokens"  // pairs of tokens
)
