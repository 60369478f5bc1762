package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/database"
)

// CheckFile finds out whether the SQLite file of url is there, if it is one's: to open
// it would make it.
func (r *Report) CheckFile(program, setting, url string) bool {
	file, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return true
	}
	if _, err := os.Stat(strings.TrimPrefix(file, "//")); errors.Is(err, fs.ErrNotExist) {
		r.Fail("database", "There is no SQLite file at %s: correct %s, change to the folder that the service runs in, or run %s migrate up to make it.",
			file, setting, program)
		return false
	}
	return true
}

// Database is a service's database and what it must be like.
type Database struct {
	Program    string // what brings it up to date: PROGRAM migrate up
	Setting    string // that names it
	Migrates   bool   // whether the service brings it up to date when it starts
	Compatible func(ctx context.Context) error
	Migrations func(ctx context.Context) ([]database.Migration, error)
}

// CheckDatabase asks whether the database answers, takes writes and has the schema
// of the program, and whether clocks agree. It reports whether it can be asked more.
func (r *Report) CheckDatabase(ctx context.Context, db *database.DB, d Database) bool {
	const check = "database"
	ctx, cancel := context.WithTimeout(ctx, 2*checkTimeout)
	defer cancel()
	if err := db.Ping(ctx); err != nil {
		r.Fail(check, "The database does not answer: start it, or correct %s. %v", d.Setting, err)
		return false
	}
	if err := db.Writable(ctx); err != nil {
		r.Fail(check, "The database takes no writes: name its primary in %s (target_session_attrs=read-write finds it among several hosts). %v", d.Setting, err)
	} else {
		r.OK(check, "The database (%s) answers and takes writes.", db.Engine())
	}
	r.checkSchema(ctx, d)
	r.checkClock(ctx, db)
	return true
}

func (r *Report) checkSchema(ctx context.Context, d Database) {
	const check = "schema"
	if err := d.Compatible(ctx); err != nil {
		r.Fail(check, "%v.", err)
		return
	}
	steps, err := d.Migrations(ctx)
	if err != nil {
		r.Fail(check, "The schema cannot be read: run %s migrate up as the owner of the tables. %v", d.Program, err)
		return
	}
	switch name := database.Missing(steps); {
	case name == "":
		r.OK(check, "The schema is that of this program (%d migrations).", len(steps))
	case d.Migrates:
		r.Warn(check, "The schema lacks %s: %s serve brings it up to date when it starts, or run %s migrate up now.", name, d.Program, d.Program)
	default:
		r.Fail(check, "The schema lacks %s, and %s serve does not start on it: run %s migrate up.", name, d.Program, d.Program)
	}
}

// mostApart is how far clocks may be apart: the shortest life of an answer.
const mostApart = time.Second

func (r *Report) checkClock(ctx context.Context, db *database.DB) {
	const check = "clock"
	before := r.Now()
	at, known, err := db.Now(ctx)
	after := r.Now()
	switch {
	case err != nil:
		r.Fail(check, "The database does not say what time it is. %v", err)
		return
	case !known:
		r.OK(check, "There is one clock: the database is a file of this machine.")
		return
	}
	var apart time.Duration
	if at.Before(before) {
		apart = before.Sub(at)
	} else if at.After(after) {
		apart = at.Sub(after)
	}
	if apart > mostApart {
		r.Fail(check, "The clocks of this machine and of the database are %s apart: keep both with NTP (timedatectl set-ntp true), "+
			"or codes and tokens end too early or too late.", apart.Round(time.Millisecond))
		return
	}
	r.OK(check, "The clocks of this machine and of the database agree.")
}

// CheckRedis asks the Redis that setting names whether it can be used as it is.
func (r *Report) CheckRedis(ctx context.Context, setting, url string, s cache.Store) (usable bool) {
	const check = "redis"
	if url == "" {
		r.Warn(check, "%s is not set: limits and answers are kept in the process, which is right for one replica of each service. "+
			"Give several, and both services, one Redis.", setting)
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := cache.Check(ctx, setting, s); err != nil {
		r.Fail(check, "%v. Correct %s.", err, setting)
		return false
	}
	if err := s.Ping(ctx); err != nil {
		r.Fail(check, "Redis does not answer or takes no writes: start it, or correct %s. %v", setting, err)
		return false
	}
	policy, limited, err := cache.Eviction(ctx, s)
	switch {
	case err != nil:
		r.Warn(check, "Redis answers, but does not say what it does when it is full: allow its user +info to have that looked at.")
	case limited && policy == "noeviction":
		r.Fail(check, "Redis takes no writes when it is full (maxmemory-policy noeviction): set maxmemory-policy to volatile-ttl.")
	case limited && strings.HasPrefix(policy, "allkeys-"):
		r.Warn(check, "Redis forgets anything when it is full (maxmemory-policy %s), counters of limits too: set maxmemory-policy to volatile-ttl.", policy)
	case !limited:
		r.Warn(check, "Redis has no maxmemory: set one, such as 256mb, and maxmemory-policy volatile-ttl, or it takes the memory of the machine.")
	default:
		r.OK(check, "Redis answers and takes writes; when it is full it removes what ends soonest (%s).", policy)
	}
	return true
}

// CheckProxies compares the proxies that setting trusts with how people reach the
// service, and with those that have sent it requests: behind a proxy that is not
// trusted, everybody has the proxy's address.
func (r *Report) CheckProxies(setting, public string, trusted []netip.Prefix) {
	const check = "proxies"
	for _, p := range trusted {
		if p.Bits() == 0 {
			r.Fail(check, "%s trusts everybody (%s), who may then say any address is theirs: name the addresses of your proxies only.", setting, p)
			return
		}
	}
	switch https := strings.HasPrefix(public, "https://"); {
	case https && len(trusted) == 0:
		r.Fail(check, "%s is behind a proxy, for a service itself does not speak TLS, and %s names none: limits per address count everybody as one. "+
			"Set it to the address of the proxy.", public, setting)
	case len(trusted) == 0:
		r.OK(check, "No proxy is trusted, and %s is reached without one.", public)
	default:
		r.OK(check, "%d networks of proxies are trusted.", len(trusted))
	}
}
