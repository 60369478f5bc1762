package main

import (
	"context"
	"fmt"
	"net/http"
)

// guardedWithKey is a request with an API key whose limit is counted in Redis:
// one round trip, which its bound makes too.
func (l *lab) guardedWithKey(ctx context.Context) (row, error) {
	device := map[string]any{"device_id": "bench", "device_name": "Bench", "device_type": "web", "os_version": "1", "app_version": "1"}
	own, err := l.app.Call(ctx, http.MethodPost, l.stack.Auth.URL+"/api/v1/auth/login", "",
		map[string]any{"email": email, "password": password, "device": device})
	if err != nil {
		return row{}, err
	}
	wish := map[string]any{"api_key": map[string]any{"name": "Bench", "scopes": []string{"read"}, "source": "monitoring"}}
	answer, err := l.app.Call(ctx, http.MethodPost, l.stack.Auth.URL+"/api/v1/api_keys", own.Text("access_token"), wish)
	if err != nil {
		return row{}, err
	}
	key := answer.Text("key")
	if key == "" {
		return row{}, fmt.Errorf("no API key: %s", answer)
	}
	if _, err := l.stack.CLI(ctx, "apikey", "set-tier", answer.Text("id"), "enterprise"); err != nil {
		return row{}, err
	}
	addr := host(l.stack.API().URL)
	credential := "X-Api-Key: " + key + "\r\n"
	req := get(addr, "/api/v1/usage", credential)
	return row{
		pid: l.stack.API().PID(), bound: l.boundWorkload("/redis", credential), target: 0.8,
		work: workload{addr: addr, status: 200, request: func(int) []byte { return req }},
	}, nil
}
