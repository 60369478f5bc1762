package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/pkg/cli"
	"latchkey/pkg/picture"
	"latchkey/pkg/secret"
)

// clientLogo gives a client another logo, or none.
func clientLogo(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client logo")
	file := fs.String("file", "", "a PNG, JPEG, GIF or WebP picture of at most 512 KiB, best a square of 112 pixels or more")
	remove := fs.Bool("remove", false, "have none: the first letter of the name stands for it")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	if (*file != "") == *remove {
		return cli.UsageError("authserver client logo: give --file or --remove")
	}
	return withParts(ctx, func(p *parts) error {
		c, err := p.store.FindClient(ctx, rest[0])
		if err != nil {
			return fmt.Errorf("client %s: %w", rest[0], err)
		}
		if *remove {
			err = p.registration.RemoveLogo(ctx, c)
		} else if raw, unread := readPicture(*file); unread != nil {
			return unread
		} else {
			err = p.registration.SetLogo(ctx, c, raw, true)
		}
		if err != nil {
			return err
		}
		if c, err = p.store.FindClient(ctx, c.ID); err != nil {
			return err
		}
		return view(c, secret.Token{}).print(*asJSON)
	})
}

func readPicture(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > picture.MaxBytes {
		return nil, fmt.Errorf("--file: %s is no file of at most %d KiB", path, picture.MaxBytes>>10)
	}
	raw, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	return raw, nil
}
