package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"latchkey/pkg/cli"
)

func eventsVerify(ctx context.Context, args []string) error {
	fs, asJSON := cli.Flags("authserver events verify")
	var typed cli.List
	fs.Var(&typed, "head", "a head from the log, POSITION:SEAL; may be given more than once")
	var quiet bool
	cli.Quiet(fs, &quiet)
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	heads, err := readHeads(typed)
	if err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		far := cli.NewProgress("events verified", quiet)
		p.events.Passed = far.Add
		found, err := p.events.Verify(ctx, heads)
		far.End()
		if err != nil {
			return err
		}
		if *asJSON {
			faults := append([]string{}, found.Faults...)
			err = cli.PrintJSON(map[string]any{"sealed": found.Events, "not_sealed_yet": found.Fresh, "head": found.Head, "faults": faults})
		} else {
			fmt.Printf("sealed: %d, not sealed yet: %d\nhead: %s\n", found.Events, found.Fresh, found.Head)
			for _, fault := range found.Faults {
				fmt.Println("FAULT " + fault)
			}
		}
		if err == nil && len(found.Faults) > 0 {
			err = errors.New("the security events are not as they were written")
		}
		return err
	})
}

func readHeads(typed []string) (map[int64][]byte, error) {
	heads := map[int64][]byte{}
	for _, text := range typed {
		number, seal, _ := strings.Cut(text, ":")
		position, errNumber := strconv.ParseInt(number, 10, 64)
		raw, errSeal := hex.DecodeString(seal)
		if errNumber != nil || errSeal != nil || len(raw) == 0 || position < 1 {
			return nil, cli.UsageError("--head is a position and a seal, as in the log: 12:9f3c…")
		}
		heads[position] = raw
	}
	return heads, nil
}
