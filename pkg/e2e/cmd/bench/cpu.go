package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat times: 1/100 s on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf is the user and system time a process has used.
func cpuOf(pid int) time.Duration {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(raw, []byte(") "))
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// cpuOfPostgres adds up every PostgreSQL process of this machine, those that
// have ended included: the postmaster's reaped children count in its own stat.
func cpuOfPostgres() time.Duration {
	var total time.Duration
	for _, pid := range processes("postgres") {
		total += cpuOf(pid)
	}
	return total
}

func processes(name string) []int {
	paths, _ := filepath.Glob("/proc/[0-9]*/comm") // the pattern is well formed
	var pids []int
	for _, path := range paths {
		raw, err := os.ReadFile(path) //nolint:gosec // a path of /proc
		if err != nil || strings.TrimSpace(string(raw)) != name {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// residentMiB is the resident memory of a process.
func residentMiB(pid int) float64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return float64(pages*os.Getpagesize()) / (1 << 20)
}
