package ratelimit

import "time"

const hourMillis = int64(time.Hour / time.Millisecond)

// record is what is known of one key. Times are Unix milliseconds. The script
// in redis.go keeps the same and takes the same steps.
type record struct {
	hour, hits  int64 // the clock hour and the requests counted in it
	used        int64 // when the last request was counted
	from        string
	opened      int64 // when the newest burst began
	total       int64 // the sum of all bursts
	bursts      []burst
	untilMillis int64 // when all of it may be forgotten
}

type burst struct {
	last  int64
	count int64
}

// expire forgets the bursts whose last request is a window old.
func (r *record) expire(now, window int64) {
	n := 0
	for n < len(r.bursts) && r.bursts[n].last+window <= now {
		r.total -= r.bursts[n].count
		n++
	}
	r.bursts = r.bursts[:copy(r.bursts, r.bursts[n:])]
	if now/hourMillis != r.hour {
		r.hour, r.hits = now/hourMillis, 0
	}
}

func (r *record) room(l Limit) bool { return l.Unlimited() || r.total < l.Max }

// count adds one request.
func (r *record) count(now int64, l Limit, from string, keep time.Duration) {
	r.hits++
	r.used, r.from = now, from
	r.untilMillis = now + keep.Milliseconds()
	if l.Unlimited() {
		return
	}
	r.total++
	if n := len(r.bursts); n > 0 && now-r.opened < l.grain().Milliseconds() {
		r.bursts[n-1].last = max(r.bursts[n-1].last, now)
		r.bursts[n-1].count++
		return
	}
	r.opened = now
	r.bursts = append(r.bursts, burst{now, 1})
}

// reset is how long until the oldest bursts are forgotten, as many as must go
// before one more request has room.
func (r *record) reset(now int64, l Limit) time.Duration {
	left, millis := r.total, int64(0)
	for _, b := range r.bursts {
		left -= b.count
		millis = b.last + l.Window.Milliseconds() - now
		if l.Unlimited() || left < l.Max {
			break
		}
	}
	return time.Duration(millis) * time.Millisecond
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
