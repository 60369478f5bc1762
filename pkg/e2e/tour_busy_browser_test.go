//go:build browser

package e2e

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"
)

// busy makes the last month of a subject of a kind one with figures in each hour, so
// that pictures of it are as large as they get.
func (w *world) busy(kind string, subjects ...string) {
	w.t.Helper()
	w.eachHour(func(i int) (string, []any) {
		return `INSERT INTO usage_hours (kind, subject, hour, calls, limited, forbidden) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			[]any{kind, subjects[i%len(subjects)], w.hour(i / len(subjects)), 40 + 977*(i%23), 3 * (i % 7), i % 5}
	}, len(subjects))
}

// slow does the same to the times to answer.
func (w *world) slow() {
	w.t.Helper()
	const buckets = 8
	w.eachHour(func(i int) (string, []any) {
		hour, n := i/buckets, i%buckets
		return `INSERT INTO latency_hours (hour, bucket, requests) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			[]any{w.hour(hour), 10 + n + hour/24%5, 1 + int(1000/math.Pow(3, float64(n)))}
	}, buckets)
}

// longAgo lets the instance have been busy for a year.
func (w *world) longAgo() {
	w.t.Helper()
	db := openDB(w.t, w.AuthDB)
	for month := 1; month < 12; month++ {
		at := w.hour(24 * 30 * (month + 1))
		for i, name := range []string{"signins", "refused", "tokens"} {
			if _, err := db.Exec(w.t.Context(), `INSERT INTO usage_hours (kind, subject, hour, calls, limited, forbidden) VALUES ('instance', $1, $2, $3, 0, 0)`,
				name, at, 8_000_000-500_000*(month*(i+2)%9)); err != nil {
				w.t.Fatal(err)
			}
		}
		for bucket := range 6 {
			if _, err := db.Exec(w.t.Context(), `INSERT INTO latency_hours (hour, bucket, requests) VALUES ($1, $2, $3)`, at, 10+bucket+month%3, 1000>>bucket); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// undelivered leaves a household whose erasure fails.
func (w *world) undelivered() {
	w.t.Helper()
	if _, err := openDB(w.t, w.AuthDB).Exec(w.t.Context(), `INSERT INTO outbox (id, kind, subject, payload, created_at, next_at, attempts, failure)
		VALUES ($1, 'erase_family', $1, '', $2, $3, 5, 'unreachable')`, uuid.NewString(), w.hour(3), w.hour(-3)); err != nil {
		w.t.Fatal(err)
	}
}

// guessed leaves refused sign-ins from one address.
func (w *world) guessed() {
	w.t.Helper()
	db := openDB(w.t, w.AuthDB)
	for i := range 41 {
		if _, err := db.Exec(w.t.Context(), `INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details, address, user_agent, request_id, mark)
			VALUES ($1, $2, 'signin.failed', 'failure', $3, $3, '', '', '', '{}', '203.0.113.77', '', '', $4)`,
			uuid.NewString(), w.hour(i%20), uuid.NewString(), []byte{}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// usedFrom lets a key have been used from as many addresses as are remembered.
func (w *world) usedFrom(key string) {
	w.t.Helper()
	const kept = 20
	db := openDB(w.t, w.AuthDB)
	for i := range kept {
		if _, err := db.Exec(w.t.Context(), `INSERT INTO key_addresses (key_id, address, calls, first_at, last_at) VALUES ($1, $2, $3, $4, $5)`,
			key, fmt.Sprintf("2001:db8:1234:5678:9abc:def0:1234:%04x", 0xf000+i), 12_345_678, w.hour(24*29), w.hour(24+i)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) hour(back int) time.Time {
	return time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(back) * time.Hour)
}

func (w *world) eachHour(row func(i int) (statement string, args []any), times int) {
	w.t.Helper()
	db := openDB(w.t, w.AuthDB)
	err := db.InTx(w.t.Context(), func(ctx context.Context) error {
		for i := range 24 * 30 * times {
			statement, args := row(i)
			if _, err := db.Exec(ctx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// crowd adds people in every state that a list of them tells.
func (w *world) crowd() {
	w.t.Helper()
	db, now, family := openDB(w.t, w.AuthDB), time.Now().UTC(), uuid.NewString()
	add := func(statement string, args ...any) {
		w.t.Helper()
		if _, err := db.Exec(w.t.Context(), statement, args...); err != nil {
			w.t.Fatal(err)
		}
	}
	add(`INSERT INTO families (id, name, created_at) VALUES ($1, 'The lake house', $2)`, family, now)
	for i, name := range []string{"Sam", "Noor", "Kim", "Ravi", "Lena", "Tomás", "Inês", "Jo", "Mika", "Ada", "Ben"} {
		at, gone := now.Add(-time.Duration(i*i*9)*time.Hour), (*time.Time)(nil)
		if name == "Jo" {
			gone = &now
		}
		if name == "Ben" {
			at = time.Unix(0, 0).UTC()
		}
		add(`INSERT INTO users (id, family_id, role, email, first_name, second_factor, created_at, deactivated_at, signed_in_at, signed_in_with)
			VALUES ($1, $2, 'member', $3, $4, $5, $6, $7, $8, 'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0')`,
			uuid.NewString(), family, strings.ToLower(name)+strings.Repeat(".with.a.long.address", i/5%2)+"@mail.example.com", name, i%2 == 0, now, gone, at)
	}
}
