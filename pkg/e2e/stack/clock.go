package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ClockShift is the variable that says how far the clock of a shifted build is
// from this machine's, such as -5m.
const ClockShift = "TEST_CLOCK_SHIFT"

// shiftedClock is the source file a shifted build has besides.
const shiftedClock = `package main

import (
	"os"
	"time"
)

var clockShift = func() time.Duration {
	shift, err := time.ParseDuration(os.Getenv("` + ClockShift + `"))
	if err != nil {
		panic(err)
	}
	return shift
}()

func shiftedNow() time.Time { return time.Now().Add(clockShift) }
`

// BuildShifted builds a service with a clock that ClockShift sets, into dir, and
// returns the program's path. A service takes the time from its command alone
// (the linter sees to it), so the build replaces time.Now there and nowhere else.
func BuildShifted(ctx context.Context, service, dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	overlay, err := shiftSources(filepath.Join(root, service, "cmd", service), dir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, service)
	flags, env := buildFlags()
	args := append([]string{"build", "-overlay", overlay, "-o", path}, append(flags, "./cmd/"+service)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = env
	cmd.Dir = filepath.Join(root, service)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("stack: build %s: %w\n%s", service, err, out)
	}
	return path, nil
}

// shiftSources writes the changed files of a command into dir, and the file that
// tells the compiler of them (go help build, -overlay).
func shiftSources(command, dir string) (string, error) {
	sources, err := filepath.Glob(filepath.Join(command, "*.go"))
	if err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	replaced := map[string]string{}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			return "", fmt.Errorf("stack: %w", err)
		}
		shifted := strings.ReplaceAll(string(text), "time.Now", "shiftedNow")
		if shifted == string(text) || strings.HasSuffix(source, "_test.go") {
			continue
		}
		if replaced[source], err = put(dir, filepath.Base(source), shifted+"\nvar _ time.Duration // the import stays in use\n"); err != nil {
			return "", err
		}
	}
	if len(replaced) == 0 {
		return "", errors.New("stack: " + command + " does not read the clock")
	}
	if replaced[filepath.Join(command, "shifted_clock.go")], err = put(dir, "shifted_clock.go", shiftedClock); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	return put(dir, "overlay.json", string(list))
}

func put(dir, name, text string) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	return path, nil
}
