package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"latchkey/pkg/cli"
	"latchkey/pkg/secret"
)

// finding is a credential in a file, as the command line prints it: never the
// credential itself.
type finding struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Kind string `json:"kind"`
	Hint string `json:"hint"`
}

// apikeyScan finds leaked credentials offline. What cannot be read is exit code
// 2, so that "nothing found" is never said of what was not looked at.
func apikeyScan(ctx context.Context, args []string) error {
	flagSet, asJSON := cli.Flags("authserver apikey scan")
	var quiet bool
	cli.Quiet(flagSet, &quiet)
	paths, err := cli.Parse(flagSet, args, cli.AnyNumber)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return cli.UsageError(apikeyUsage)
	}
	found := []finding{}
	report := func(name string) func(m secret.Match) {
		return func(m secret.Match) {
			f := finding{name, m.Line, m.Kind.Name(), m.Stub}
			found = append(found, f)
			if !*asJSON {
				fmt.Printf("%s:%d:%s:%s\n", f.File, f.Line, f.Kind, f.Hint)
			}
		}
	}
	far := cli.NewProgress("files read", quiet || cli.OnTerminal() && !*asJSON)
	var unread error
	for _, path := range paths {
		if path == "-" {
			unread = errors.Join(unread, secret.Scan(os.Stdin, report("-")))
			continue
		}
		unread = errors.Join(unread, scanTree(ctx, path, func(name string) func(m secret.Match) {
			far.Add(1)
			return report(name)
		}))
	}
	far.End()
	if *asJSON {
		if err := cli.PrintJSON(map[string]any{"findings": found}); err != nil {
			return err
		}
	}
	switch {
	case unread != nil:
		return cli.UsageError("authserver apikey scan: " + unread.Error())
	case len(found) > 0:
		return fmt.Errorf("%d credentials found: revoke them", len(found))
	}
	return nil
}

// scanTree reads a file, or every regular file below a folder but git's own.
func scanTree(ctx context.Context, root string, report func(name string) func(secret.Match)) error {
	var unread error
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			unread = errors.Join(unread, err)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if entry.IsDir() {
			if entry.Name() == ".git" && path != root {
				return fs.SkipDir
			}
			return nil
		}
		if path != root && !entry.Type().IsRegular() {
			return nil // links lead to files that are scanned where they are
		}
		unread = errors.Join(unread, scanFile(path, report(path)))
		return nil
	})
	return errors.Join(unread, err)
}

func scanFile(path string, report func(secret.Match)) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return secret.Scan(io.Reader(f), report)
}
