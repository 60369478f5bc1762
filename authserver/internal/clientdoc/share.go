package clientdoc

import (
	"container/list"
	"net/netip"
	"net/url"
	"time"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/time/rate"
)

const (
	maxKept      = 10_000 // documents
	maxStrangers = 1000
	maxBudgets   = 10_000
	perMinute    = 10 // fetches of one budget
	atTheSame    = 16 // fetches at the same time
)

// share is what a group of clients may use of this server: memory, budgets and places
// for fetches. Clients in use have another share than strangers, who cannot use it up.
type share struct {
	entries *recent[entry]
	budgets *recent[*rate.Limiter]
	places  chan struct{}
}

func newShare(entries int) share {
	return share{entries: newRecent[entry](entries), budgets: newRecent[*rate.Limiter](maxBudgets), places: make(chan struct{}, atTheSame)}
}

// budget returns the limit of name. A limit is forgotten, and so begins anew, only after
// others have made as many fetches as there are budgets.
func (s *share) budget(name string) *rate.Limiter {
	limit, ok := s.budgets.get(name)
	if !ok {
		limit = rate.NewLimiter(rate.Every(time.Minute/perMinute), perMinute)
		s.budgets.put(name, limit)
	}
	return limit
}

// payer names the budget of fetches from u: the registered domain, because its
// subdomains and ports cost nothing, or the network that a customer of a provider gets.
func payer(u *url.URL) string {
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr = embedded(addr); addr.Is6() {
			return netip.PrefixFrom(addr.WithZone(""), 64).Masked().String()
		}
		return addr.String()
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}

// recent remembers the values that were used last, at most most of them.
type recent[V any] struct {
	most  int
	rows  map[string]*list.Element
	order *list.List // of *row[V], used last first
}

type row[V any] struct {
	name  string
	value V
}

func newRecent[V any](most int) *recent[V] {
	return &recent[V]{most: most, rows: map[string]*list.Element{}, order: list.New()}
}

func (r *recent[V]) get(name string) (value V, ok bool) {
	at, ok := r.rows[name]
	if !ok {
		return value, false
	}
	r.order.MoveToFront(at)
	return at.Value.(*row[V]).value, true //nolint:forcetypeassert // nothing else is put
}

func (r *recent[V]) put(name string, value V) {
	r.drop(name)
	r.rows[name] = r.order.PushFront(&row[V]{name, value})
	if len(r.rows) > r.most {
		r.drop(r.order.Back().Value.(*row[V]).name) //nolint:forcetypeassert // nothing else is put
	}
}

func (r *recent[V]) drop(name string) {
	if at, ok := r.rows[name]; ok {
		r.order.Remove(at)
		delete(r.rows, name)
	}
}

func (r *recent[V]) each(change func(*V)) {
	for _, at := range r.rows {
		change(&at.Value.(*row[V]).value) //nolint:forcetypeassert // nothing else is put
	}
}
