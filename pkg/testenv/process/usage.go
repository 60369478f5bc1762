package process

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

// CPU is the user and system time that a process of this machine has used.
func CPU(pid int) time.Duration {
	fields := stat(pid)
	return times(fields, 11, 12)
}

// TreeCPU is CPU of a process and its children, those that have ended included.
func TreeCPU(pid int) time.Duration {
	total := times(stat(pid), 11, 12, 13, 14)
	for _, child := range pids() {
		if fields := stat(child); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			total += times(fields, 11, 12)
		}
	}
	return total
}

// CPUOf adds up every process with a name that runs on this machine.
func CPUOf(name string) time.Duration {
	var total time.Duration
	for _, pid := range pids() {
		raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
		if err == nil && strings.TrimSpace(string(raw)) == name {
			total += CPU(pid)
		}
	}
	return total
}

// ResidentMiB is the resident memory of a process.
func ResidentMiB(pid int) float64 {
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

// stat are the fields of /proc/PID/stat from the process' state on, none when it
// has ended.
func stat(pid int) []string {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	_, rest, _ := bytes.Cut(raw, []byte(") "))
	return strings.Fields(string(rest))
}

func times(fields []string, which ...int) time.Duration {
	var total time.Duration
	for _, i := range which {
		if i < len(fields) {
			n, _ := strconv.Atoi(fields[i])
			total += time.Duration(n) * tick
		}
	}
	return total
}

func pids() []int {
	paths, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	list := make([]int, 0, len(paths))
	for _, path := range paths {
		if pid, err := strconv.Atoi(filepath.Base(path)); err == nil {
			list = append(list, pid)
		}
	}
	return list
}
