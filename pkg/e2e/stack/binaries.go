package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
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
// services with it too. A build that takes long says on out how far it is.
func Build(ctx context.Context, out io.Writer) (Binaries, error) {
	builtOnce.Lock()
	defer builtOnce.Unlock()
	if builtOnce.dir == "" && builtOnce.err == nil {
		builtOnce.bins, builtOnce.err = build(ctx, out)
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

func build(ctx context.Context, out io.Writer) (Binaries, error) {
	if dir := os.Getenv("BIN_DIR"); dir != "" {
		dir, err := filepath.Abs(dir)
		return in(dir), err
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
	return in(dir), compile(ctx, out, root, dir)
}

func in(dir string) Binaries {
	return Binaries{Auth: filepath.Join(dir, "authserver"), API: filepath.Join(dir, "resourceapi")}
}

// compile builds both services at once: what they share is compiled once, and
// one is linked while the other is still being compiled.
func compile(ctx context.Context, out io.Writer, root, dir string) error {
	args, env := buildFlags()
	services := []string{"./authserver/cmd/authserver", "./resourceapi/cmd/resourceapi"}
	p, err := newProgress(ctx, out, root, env, args, services)
	if err != nil {
		return err
	}
	args = append(append([]string{"build", "-v", "-o", dir}, args...), services...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = root, env
	lines, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("stack: build: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("stack: build: %w", err)
	}
	complaints := p.watch(lines)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("stack: build: %w\n%s", err, complaints)
	}
	return nil
}

// buildFlags are the flags and the environment that services are shipped with.
func buildFlags() (args, env []string) {
	args = []string{"-trimpath", "-ldflags", "-s -w"}
	if RaceEnabled {
		return append(args, "-race"), append(os.Environ(), "CGO_ENABLED=1")
	}
	return args, append(os.Environ(), "CGO_ENABLED=0")
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
