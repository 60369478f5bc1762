package ratelimit

import "time"

const hourMillis = int64(time.Hour / time.Millisecond)

// record is what is known of one key. Times are Unix milliseconds. The script
// step.lua keeps the same and takes the same steps.
type record struct {
	hour, hits int64 // the clock hour and the requests counted in it
	from       string
	used       int64   // when the last request was counted: the end of the newest burst
	opened     int64   // when the newest burst began
	fresh      int64   // what it counts
	older      []burst // the others, oldest first
	total      int64   // the sum of all bursts
	until      int64   // when all of it may be forgotten; 0: new
}

type burst struct {
	last  int64
	count int64
}

// expire forgets the bursts whose last request is a window old.
func (r *record) expire(now, window int64) {
	n := 0
	for n < len(r.older) && r.older[n].last+window <= now {
		r.total -= r.older[n].count
		n++
	}
	if n > 0 {
		r.older = r.older[:copy(r.older, r.older[n:])]
	}
	if r.fresh > 0 && r.used+window <= now {
		r.total, r.fresh = r.total-r.fresh, 0
	}
	if now/hourMillis != r.hour {
		r.hour, r.hits = now/hourMillis, 0
	}
}

func (r *record) room(l Limit) bool { return l.Unlimited() || r.total < l.Max }

// count adds one request.
func (r *record) count(now int64, l Limit, from string, keep time.Duration) {
	r.hits++
	r.from, r.until = from, now+keep.Milliseconds()
	if !l.Unlimited() {
		r.total++
		if r.fresh > 0 && now-r.opened < l.grain().Milliseconds() {
			r.fresh++
		} else {
			if r.fresh > 0 {
				r.older = append(r.older, burst{r.used, r.fresh})
			}
			r.opened, r.fresh = now, 1
		}
	}
	r.used = max(r.used, now)
}

// reset is how long until the oldest bursts are forgotten, as many as must go
// before one more request has room.
func (r *record) reset(now int64, l Limit) time.Duration {
	if r.total == 0 {
		return 0
	}
	left, last := r.total, r.used
	for _, b := range r.older {
		left, last = left-b.count, b.last
		if l.Unlimited() || left < l.Max {
			break
		}
	}
	if !l.Unlimited() && left >= l.Max {
		last = r.used
	}
	return time.Duration(last+l.Window.Milliseconds()-now) * time.Millisecond
}

func (r *record) result(now int64, l Limit, allowed bool) Result {
	return result(l, allowed, r.total, r.hits, r.reset(now, l))
}

func result(l Limit, allowed bool, used, hits int64, reset time.Duration) Result {
	return Result{
		Allowed: allowed, Limit: l, Used: used, Hour: hits, Reset: max(reset, 0),
		Remaining: max(0, l.Max-used),
	}
}
