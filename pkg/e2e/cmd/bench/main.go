// Command bench measures what a request costs, beside the bare work it
// contains: each workload runs in turn with its bound, a handler on a bare
// net/http and mux server that does only the one thing the workload cannot do
// without. It needs PostgreSQL and Redis and prints Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bound" {
		exit(serveBound(os.Args[2:]))
	}
	var o options
	flag.IntVar(&o.connections, "c", 16, "connections")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each workload; medians are printed")
	flag.DurationVar(&o.round, "round", 1500*time.Millisecond, "length of a round")
	flag.StringVar(&o.only, "only", "", "run only the workloads whose name contains this")
	large := flag.Bool("large", false, "only: five million grants beside ten thousand")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	measure := bench
	if *large {
		measure = benchLarge
	}
	err := measure(ctx, o)
	stop()
	exit(err)
}

type options struct {
	connections, rounds int
	round               time.Duration
	only                string
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func bench(ctx context.Context, o options) error {
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
	fmt.Printf("%s, %d CPUs, %s, %d connections, %d rounds of %s each, generator and servers on the same CPUs; request log off.\n\n",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), o.connections, o.rounds, o.round)
	if err := l.authorization(ctx); err != nil { // first: PostgreSQL still tidies up after the others for a while
		return err
	}
	if err := l.pairs(ctx); err != nil {
		return err
	}
	if strings.Contains("footprint", l.only) {
		if err := l.footprint(ctx); err != nil {
			return err
		}
	}
	if err := l.sweep(ctx); err != nil {
		return err
	}
	return l.lists(ctx)
}
