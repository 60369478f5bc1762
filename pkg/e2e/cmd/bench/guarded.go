package main

import (
	"context"
	"sync/atomic"
)

func (l *lab) guardedInProcess(ctx context.Context) (row, error) {
	p, err := l.tokens(ctx)
	addr := host(l.stack.API().URL)
	credential := "Authorization: Bearer " + p.access + "\r\n"
	req := get(addr, "/api/v1/usage", credential)
	return row{
		pid: l.stack.API().PID(), bound: l.boundWorkload("/bare", credential), target: 0.85,
		work: workload{addr: addr, status: 200, request: func(int) []byte { return req }},
	}, err
}

// guardedInTurn uses each of many credentials as often as the rate is thousands,
// and so has each asked about once a second.
func (l *lab) guardedInTurn(ctx context.Context) (row, error) {
	const many = 1000
	pairs, err := l.many(ctx, many)
	if err != nil {
		return row{}, err
	}
	addr := host(l.stack.API().URL)
	requests := make([][]byte, many)
	for i, p := range pairs {
		requests[i] = get(addr, "/api/v1/usage", "Authorization: Bearer "+p.access+"\r\n")
	}
	var next atomic.Int64
	return row{
		pid: l.stack.API().PID(), bound: l.boundWorkload("/bare", "Authorization: Bearer "+pairs[0].access+"\r\n"),
		work: workload{addr: addr, status: 200, request: func(int) []byte { return requests[int(next.Add(1))%many] }},
	}, nil
}

// guardedInRedis asks a replica that remembers nothing in its own process.
func (l *lab) guardedInRedis(ctx context.Context) (row, error) {
	p, err := l.tokens(ctx)
	if err != nil {
		return row{}, err
	}
	l.stack.APIEnv["API_CREDENTIAL_CACHE"] = "-1"
	if err := l.stack.AddAPI(ctx); err != nil {
		return row{}, err
	}
	delete(l.stack.APIEnv, "API_CREDENTIAL_CACHE")
	replica := l.stack.APIs[len(l.stack.APIs)-1]
	addr := host(replica.URL)
	credential := "Authorization: Bearer " + p.access + "\r\n"
	req := get(addr, "/api/v1/usage", credential)
	return row{
		pid: replica.PID(), bound: l.boundWorkload("/redis", credential), target: 0.8,
		work: workload{addr: addr, status: 200, request: func(int) []byte { return req }},
	}, nil
}
