package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Before names the program that was shipped before this one: the newest release tag
// (v…), or, while there is none, the commit before the newest migration, whose program
// knows an older schema. "": nothing was shipped, or the checkout has no history.
func Before(ctx context.Context) (revision string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		return "", nil //nolint:nilerr // an archive of the source
	}
	tags, err := git(ctx, root, "tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname", "--no-contains", "HEAD")
	if err != nil {
		return "", err
	}
	if newest, _, _ := strings.Cut(strings.TrimSpace(string(tags)), "\n"); newest != "" {
		return newest, nil
	}
	added, err := git(ctx, root, "log", "-1", "--format=%H", "--diff-filter=A", "--",
		"authserver/internal/store/migrations", "resourceapi/internal/store/migrations")
	if err != nil {
		return "", err
	}
	parents, err := git(ctx, root, "log", "-1", "--format=%P", strings.TrimSpace(string(added)))
	if err != nil {
		return "", err
	}
	parent, _, _ := strings.Cut(strings.TrimSpace(string(parents)), " ") // none where a shallow clone begins
	return parent, nil
}

// BuildAt builds both services as they were at a revision, into dir.
func BuildAt(ctx context.Context, revision, dir string) (Binaries, error) {
	root, err := Root()
	if err != nil {
		return Binaries{}, err
	}
	archive, err := git(ctx, root, "archive", "--format=tar", revision)
	if err != nil {
		return Binaries{}, err
	}
	source, bin := filepath.Join(dir, "source"), filepath.Join(dir, "bin")
	for _, folder := range []string{source, bin} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return Binaries{}, fmt.Errorf("stack: %w", err)
		}
	}
	unpack := exec.CommandContext(ctx, "tar", "-x", "-C", source) //nolint:gosec // a folder of ours
	unpack.Stdin = bytes.NewReader(archive)
	if out, err := unpack.CombinedOutput(); err != nil {
		return Binaries{}, fmt.Errorf("stack: unpack %s: %w\n%s", revision, err, out)
	}
	return in(bin), compile(ctx, io.Discard, source, bin)
}

func git(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // our own arguments
	cmd.Dir = root
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("stack: git %s: %w\n%s", args[0], err, complaints.String())
	}
	return out, nil
}
