package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"latchkey/pkg/cli"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/secret"
)

// told are the members of a log line that explain a decision; of others nothing is
// printed.
var told = []string{
	"msg", "method", "route", "status", "event", "outcome", "refused_by", "oauth_error", "reason", "inactive", "credential", "answer_from",
	"client_id", "user_id", "grant_id", "credential_kind", "credential_id", "client_addr", "trace_id", "error",
}

// line is what is known of a moment of a request.
type line struct {
	At     string            `json:"at"`
	Source string            `json:"source"` // the file, or "events"
	Says   map[string]string `json:"says"`
}

// explainRequest prints what logs and events say of a request, in the order of time.
func (p *parts) explainRequest(ctx context.Context, id string, logs []string, asJSON bool) error {
	lines, err := p.eventsOf(ctx, id)
	if err != nil {
		return err
	}
	for _, path := range logs {
		found, err := logged(path, id)
		if err != nil {
			return err
		}
		lines = append(lines, found...)
	}
	slices.SortStableFunc(lines, func(a, b line) int { return strings.Compare(a.At, b.At) })
	decided := decision(lines)
	if asJSON {
		return cli.PrintJSON(map[string]any{"request_id": id, "decision": decided, "lines": append([]line{}, lines...)})
	}
	fmt.Printf("%s\n\n", decided)
	for _, l := range lines {
		fmt.Printf("%s  %s\n", l.At, l.Source)
		for _, name := range told {
			if l.Says[name] != "" {
				fmt.Printf("    %-16s %s\n", name, l.Says[name])
			}
		}
	}
	if len(lines) == 0 && len(logs) == 0 {
		return errors.New("no security event is of this request: give the log of both services with --log")
	}
	if len(lines) == 0 {
		return errors.New("neither the logs nor the security events know this request")
	}
	return nil
}

func (p *parts) eventsOf(ctx context.Context, id string) ([]line, error) {
	events, err := p.store.EventsOfRequest(ctx, id)
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(events))
	for i, e := range events {
		lines[i] = line{At: e.At.Format("2006-01-02T15:04:05.000000Z"), Source: "events", Says: map[string]string{
			"event": e.Kind, "outcome": e.Outcome, "user_id": e.UserID, "client_id": e.ClientID, "reason": secret.Redact(e.Details["reason"]), "client_addr": e.Address,
		}}
	}
	return lines, nil
}

// logged returns the lines of a request in a log. What is no JSON belongs to somebody
// else.
func logged(path, id string) (found []line, err error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // only ever read from
		in = f
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		start := bytes.IndexByte(scanner.Bytes(), '{') // docker compose puts the name of the service before
		if start < 0 || !bytes.Contains(scanner.Bytes(), []byte(id)) {
			continue
		}
		var members map[string]any
		if json.Unmarshal(scanner.Bytes()[start:], &members) != nil || members["request_id"] != id {
			continue
		}
		l := line{At: httpserver.Printable(fmt.Sprint(members["time"])), Source: path, Says: map[string]string{}}
		for _, name := range told {
			if value, there := members[name]; there {
				l.Says[name] = httpserver.Printable(fmt.Sprint(value))
			}
		}
		found = append(found, l)
	}
	return found, scanner.Err()
}

// decision is what decided, in a sentence. What the outermost service says last is what
// the caller was told.
func decision(lines []line) string {
	for _, l := range slices.Backward(lines) {
		s := l.Says
		if s["msg"] != "request" {
			continue
		}
		switch {
		case s["refused_by"] != "":
			text := fmt.Sprintf("refused with %s by the rule %q", s["status"], s["refused_by"])
			if s["credential"] != "" {
				text += "; presented was " + s["credential"]
			}
			switch s["answer_from"] {
			case "process", "shared":
				text += ", and the answer about it was remembered (" + s["answer_from"] + ")"
			case "authserver":
				text += ", and authserver was asked about it for this request"
			}
			for _, other := range lines {
				if other.Says["inactive"] != "" {
					text += ", which said that it is " + other.Says["inactive"]
				}
			}
			return text
		case s["oauth_error"] != "":
			return fmt.Sprintf("refused with %s and the error %s: %s", s["status"], s["oauth_error"], s["reason"])
		case s["error"] != "":
			return fmt.Sprintf("failed with %s: %s", s["status"], s["error"])
		}
		return fmt.Sprintf("answered with %s", s["status"])
	}
	return "no line of the log says how the request was answered"
}
