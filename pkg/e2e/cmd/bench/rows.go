package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/process"
)

// row is a workload beside its bound.
type row struct {
	work, bound workload
	pid         int
	target      float64 // ratio of requests per second; 0: no target
	peerCPU     float64 // ms per request we mean to stay below; 0: none
	rounds      int     // 0: as asked
}

func (l *lab) pairs(ctx context.Context) error {
	makers := []struct {
		name string
		make func(ctx context.Context) (row, error)
	}{
		{"introspection, live token", l.introspectLive},
		{"introspection, unknown token", l.introspectUnknown},
		{"introspection, malformed token", l.introspectMalformed},
		{"refresh", l.refresh},
		{"code exchange", l.exchange},
		{"revoke", l.revoke},
		{"guarded request, cached in process", l.guardedInProcess},
		{"guarded request, 1,000 credentials in turn", l.guardedInTurn},
		{"guarded request, cached in Redis only", l.guardedInRedis},
		{"guarded request, API key and limit", l.guardedWithKey},
	}
	fmt.Println("| workload | requests/s | bound/s | ratio | target | p50 | p99 | CPU ms server + PostgreSQL | at most |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, m := range makers {
		if !strings.Contains(m.name, l.only) {
			continue
		}
		r, err := m.make(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		r.work.name = m.name
		if err := l.measure(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// boundWorkload asks the bound, which reads the same headers and does not look
// at them.
func (l *lab) boundWorkload(path string, headers ...string) workload {
	req := get(l.at, path, strings.Join(headers, ""))
	return workload{name: "bound " + path, addr: l.at, status: 200, request: func(int) []byte { return req }}
}

func (l *lab) basic() string {
	c := l.stack.ResourceServer
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(c.ID+":"+c.Secret)) + "\r\n"
}

func (l *lab) introspection(tokens []string) row {
	addr := host(l.stack.Auth.URL)
	requests := make([][]byte, len(tokens))
	for i, t := range tokens {
		requests[i] = post(addr, "/oauth/introspect", l.basic(), url.Values{"token": {t}})
	}
	var next atomic.Int64
	return row{
		pid: l.stack.Auth.PID(), bound: l.boundWorkload("/select"),
		work: workload{addr: addr, status: 200, request: func(int) []byte {
			return requests[int(next.Add(1))%len(requests)]
		}},
	}
}

func (l *lab) introspectLive(ctx context.Context) (row, error) {
	pairs, err := l.many(ctx, 500)
	tokens := make([]string, len(pairs))
	for i, p := range pairs {
		tokens[i] = p.access
	}
	r := l.introspection(tokens)
	r.target, r.peerCPU = 0.6, 0.14
	return r, err
}

func (l *lab) introspectUnknown(context.Context) (row, error) {
	tokens := make([]string, 500)
	for i := range tokens {
		tokens[i] = secret.New(secret.AccessToken).Reveal()
	}
	r := l.introspection(tokens)
	r.peerCPU = 0.10
	return r, nil
}

func (l *lab) introspectMalformed(context.Context) (row, error) {
	r := l.introspection([]string{"oat_" + strings.Repeat("x", 49)})
	r.bound = l.boundWorkload("/bare")
	return r, nil
}

// chainsEach is how many grant chains a connection refreshes in turn: a server
// has many, and no application refreshes the same one a thousand times a second.
const chainsEach = 64

func (l *lab) refresh(ctx context.Context) (row, error) {
	pairs, err := l.many(ctx, chainsEach*l.connections)
	if err != nil {
		return row{}, err
	}
	addr := host(l.stack.Auth.URL)
	// Every token is as long as the next: the head of the request stays the same.
	head := post(addr, "/oauth/token", "", url.Values{"grant_type": {"refresh_token"}, "client_id": {l.app.Client.ID}, "refresh_token": {pairs[0].refresh}})
	head = slices.Clip(head[:len(head)-len(pairs[0].refresh)])
	at := make([]int, l.connections)
	for i := range at {
		at[i] = i * chainsEach
	}
	return row{
		pid: l.stack.Auth.PID(), bound: l.boundWorkload("/insert"), target: 0.45, peerCPU: 0.50,
		work: workload{
			addr: addr, status: 200,
			request: func(conn int) []byte {
				return append(head, pairs[at[conn]].refresh...)
			},
			answer: func(conn int, body []byte) error {
				_, after, found := bytes.Cut(body, []byte(`"refresh_token":"`))
				token, _, ended := bytes.Cut(after, []byte(`"`))
				if !found || !ended {
					return errors.New("no refresh token in the answer")
				}
				pairs[at[conn]].refresh = string(token)
				at[conn] = conn*chainsEach + (at[conn]+1)%chainsEach
				return nil
			},
		},
	}, nil
}

// once hands out each request a single time.
func once(requests [][]byte) func(int) []byte {
	var next atomic.Int64
	return func(int) []byte {
		i := int(next.Add(1)) - 1
		if i >= len(requests) {
			return nil
		}
		return requests[i]
	}
}

const singleUse = 3000

func (l *lab) exchange(ctx context.Context) (row, error) {
	addr := host(l.stack.Auth.URL)
	requests := make([][]byte, singleUse)
	for i := range requests {
		g, err := l.code(ctx)
		if err != nil {
			return row{}, err
		}
		requests[i] = post(addr, "/oauth/token", "", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {l.app.Client.ID}, "code": {g.code},
			"redirect_uri": {l.app.RedirectURI}, "code_verifier": {g.verifier},
		})
	}
	return row{
		pid: l.stack.Auth.PID(), bound: l.boundWorkload("/insert"), peerCPU: 0.60, rounds: 1,
		work: workload{addr: addr, status: 200, request: once(requests)},
	}, nil
}

func (l *lab) revoke(ctx context.Context) (row, error) {
	addr := host(l.stack.Auth.URL)
	pairs, err := l.many(ctx, singleUse)
	requests := make([][]byte, len(pairs))
	for i, p := range pairs {
		requests[i] = post(addr, "/oauth/revoke", "", url.Values{"client_id": {l.app.Client.ID}, "token": {p.refresh}})
	}
	return row{
		pid: l.stack.Auth.PID(), bound: l.boundWorkload("/insert"), peerCPU: 0.25, rounds: 1,
		work: workload{addr: addr, status: 200, request: once(requests)},
	}, err
}

// measure runs the workload and its bound in turn and prints the medians.
func (l *lab) measure(ctx context.Context, r row) error {
	if _, err := run(ctx, r.bound, l.connections, l.round/3); err != nil {
		return err
	}
	rounds := l.rounds
	if r.rounds > 0 {
		rounds = r.rounds
	} else if _, err := run(ctx, r.work, l.connections, l.round/3); err != nil {
		return err
	}
	var works, bounds []sample
	for range rounds {
		s, err := l.timed(ctx, r.work, r.pid)
		if err != nil {
			return err
		}
		works = append(works, s)
		if s, err = run(ctx, r.bound, l.connections, l.round); err != nil {
			return err
		}
		bounds = append(bounds, s)
	}
	ratios := make([]float64, len(works))
	for i := range works {
		ratios[i] = works[i].rate() / bounds[i].rate()
	}
	perRequest := func(of func(s sample) time.Duration) float64 {
		return median(works, func(s sample) float64 { return float64(of(s).Microseconds()) / 1000 / float64(s.requests) })
	}
	server := perRequest(func(s sample) time.Duration { return s.server })
	postgres := perRequest(func(s sample) time.Duration { return s.postgres })
	slices.Sort(ratios)
	fmt.Printf("| %s | %.0f | %.0f | %.2f | %s | %s | %s | %.3f + %.3f = %.3f | %s |\n", r.work.name,
		median(works, sample.rate), median(bounds, sample.rate), ratios[len(ratios)/2], figure(r.target, "≥ "),
		short(median(works, func(s sample) float64 { return float64(s.quantile(0.5)) })),
		short(median(works, func(s sample) float64 { return float64(s.quantile(0.99)) })),
		server, postgres, server+postgres, figure(r.peerCPU, ""))
	return nil
}

func (l *lab) timed(ctx context.Context, w workload, pid int) (sample, error) {
	server, postgres := process.CPU(pid), process.CPUOf("postgres")
	s, err := run(ctx, w, l.connections, l.round)
	s.server, s.postgres = process.CPU(pid)-server, process.CPUOf("postgres")-postgres
	return s, err
}

func median[T any](list []T, of func(T) float64) float64 {
	values := make([]float64, len(list))
	for i, v := range list {
		values[i] = of(v)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func figure(v float64, prefix string) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%s%.2f", prefix, v)
}

func short(ns float64) string { return time.Duration(ns).Round(10 * time.Microsecond).String() }
