package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/authserver"
	"latchkey/authserver/internal/clientdoc"
	"latchkey/pkg/cli"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/picture"
	"latchkey/pkg/secret"
)

// clientLogo gives a client another logo, of a file or the one that it names, or none.
func clientLogo(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver client logo")
	file := fs.String("file", "", "a PNG, JPEG, GIF or WebP picture of at most 512 KiB, best a square of 112 pixels or more")
	fetch := fs.Bool("fetch", false, "fetch the picture that the client names (logo_uri); people see it once you have looked at it and verified the client")
	remove := fs.Bool("remove", false, "have none: the first letter of the name stands for it")
	rest, err := cli.Parse(fs, args, 1)
	if err != nil {
		return err
	}
	given := 0
	for _, one := range []bool{*file != "", *fetch, *remove} {
		if one {
			given++
		}
	}
	if given != 1 {
		return cli.UsageError("authserver client logo: give one of --file, --fetch and --remove")
	}
	return withParts(ctx, func(p *parts) error {
		c, err := p.store.FindClient(ctx, rest[0])
		if err != nil {
			return fmt.Errorf("client %s: %w", rest[0], err)
		}
		switch {
		case *remove:
			err = p.registration.RemoveLogo(ctx, c)
		case *fetch:
			err = p.fetchLogo(ctx, c)
		default:
			var raw []byte
			if raw, err = readPicture(*file); err == nil {
				err = p.registration.SetLogo(ctx, c, raw, true)
			}
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

// fetchLogo fetches the picture that c names, as the operator's page does.
func (p *parts) fetchLogo(ctx context.Context, c *authserver.Client) error {
	networks, err := httpserver.ParsePrefixes(p.cfg.DocumentNetworks)
	if err != nil {
		return err
	}
	p.registration.Pictures = clientdoc.NewPictures(networks, nil, p.log)
	return p.registration.FetchLogo(ctx, c)
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
