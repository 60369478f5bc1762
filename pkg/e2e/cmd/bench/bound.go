package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/mux"
	"github.com/jackc/pgx/v5/pgxpool"

	"latchkey/pkg/cache"
)

// answer is about as long as an introspection answer or a short resource.
var boundAnswer = []byte(`{"active":true,"scope":"read_write","client_id":"00000000-0000-0000-0000-000000000000","token_type":"Bearer","exp":1800000000,"iat":1700000000,"sub":"00000000-0000-0000-0000-000000000000","iss":"http://127.0.0.1:8080"}`)

// serveBound is the bare server: net/http and mux, no middleware.
func serveBound(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench bound ADDR POSTGRES_URL REDIS_URL")
	}
	ctx := context.Background()
	cfg, err := pgxpool.ParseConfig(args[1])
	if err != nil {
		return err
	}
	cfg.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	store, err := cache.OpenRedis(args[2], cache.Options{Now: time.Now})
	if err != nil {
		return err
	}
	client := store.Client()
	router := mux.NewRouter()
	handle := func(path string, work func(r *http.Request) error) {
		router.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if err := work(r); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(boundAnswer)
		})
	}
	handle("/bare", func(*http.Request) error { return nil })
	handle("/select", func(r *http.Request) error {
		var value []byte
		return pool.QueryRow(r.Context(), "SELECT value FROM bound WHERE id = $1", 7).Scan(&value)
	})
	handle("/insert", func(r *http.Request) error {
		_, err := pool.Exec(r.Context(), "INSERT INTO bound_rows (value) VALUES ($1)", boundAnswer)
		return err
	})
	handle("/redis", func(r *http.Request) error { return client.Get(r.Context(), "bound").Err() })
	return (&http.Server{Addr: args[0], Handler: router, ReadHeaderTimeout: time.Minute}).ListenAndServe()
}
