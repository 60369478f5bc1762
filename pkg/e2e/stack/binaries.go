package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Binaries are the two services, built.
type Binaries struct {
	Auth string // path of authserver
	API  string // path of resourceapi
}

var builtOnce struct {
	sync.Mutex
	dir  string
	bins Binaries
	err  error
}

// Build builds both services from the checkout the program runs in, once per
// process; RemoveBuilt deletes them. When BIN_DIR is set the binaries found
// there are used instead. A test built with the race detector builds the
// services with it too.
func Build(ctx context.Context) (Binaries, error) {
	builtOnce.Lock()
	defer builtOnce.Unlock()
	if builtOnce.dir == "" && builtOnce.err == nil {
		builtOnce.bins, builtOnce.err = build(ctx)
	}
	return builtOnce.bins, builtOnce.err
}

// RemoveBuilt deletes what Build made.
func RemoveBuilt() error {
	builtOnce.Lock()
	defer builtOnce.Unlock()
	if builtOnce.dir == "" {
		return nil
	}
	dir := builtOnce.dir
	builtOnce.dir, builtOnce.bins = "", Binaries{}
	return os.RemoveAll(dir)
}

func build(ctx context.Context) (Binaries, error) {
	if dir := os.Getenv("BIN_DIR"); dir != "" {
		dir, err := filepath.Abs(dir)
		return Binaries{Auth: filepath.Join(dir, "authserver"), API: filepath.Join(dir, "resourceapi")}, err
	}
	root, err := Root()
	if err != nil {
		return Binaries{}, err
	}
	dir, err := os.MkdirTemp("", "latchkey-bin-")
	if err != nil {
		return Binaries{}, fmt.Errorf("stack: build: %w", err)
	}
	builtOnce.dir = dir
	for _, service := range []string{"authserver", "resourceapi"} {
		if err := buildService(ctx, root, service, filepath.Join(dir, service)); err != nil {
			return Binaries{}, err
		}
	}
	return Binaries{Auth: filepath.Join(dir, "authserver"), API: filepath.Join(dir, "resourceapi")}, nil
}

// buildService builds a service as it is shipped.
func buildService(ctx context.Context, root, service, path string, more ...string) error {
	args := []string{"build", "-trimpath", "-ldflags", "-s -w"}
	if RaceEnabled {
		args = append(args, "-race")
	}
	args = append(append(args, more...), "-o", path, "./cmd/"+service)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(root, service)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("stack: build %s: %w\n%s", service, err, out)
	}
	return nil
}

// Root returns the folder that holds go.work.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("stack: no go.work above the current folder: run this inside the checkout")
		}
		dir = parent
	}
}
