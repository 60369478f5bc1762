// Package doctor finds out what keeps a deployment from working: it asks everything
// that a service stands on, changes nothing, and says what to do.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"latchkey/pkg/cli"
)

// checkTimeout bounds what one answer may take.
const checkTimeout = 5 * time.Second

// Status is how grave a finding is.
type Status string

// The statuses. A failure keeps something from working, or people from being safe;
// a warning is a choice that not everybody would make.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failure Status = "failure"
)

// Finding is what one check found, in a sentence that says what to do.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Says   string `json:"says"`
}

// Report collects findings.
type Report struct {
	Findings []Finding
	Now      func() time.Time // of this machine
}

// OK adds that a check found nothing wrong.
func (r *Report) OK(check, format string, args ...any) { r.add(check, OK, format, args) }

// Warn adds a warning.
func (r *Report) Warn(check, format string, args ...any) { r.add(check, Warning, format, args) }

// Fail adds a failure.
func (r *Report) Fail(check, format string, args ...any) { r.add(check, Failure, format, args) }

func (r *Report) add(check string, s Status, format string, args []any) {
	r.Findings = append(r.Findings, Finding{check, s, fmt.Sprintf(format, args...)})
}

// Healthy reports whether there is no failure.
func (r *Report) Healthy() bool {
	for _, f := range r.Findings {
		if f.Status == Failure {
			return false
		}
	}
	return true
}

// FailSettings adds every complaint about settings, one a line of err.
func (r *Report) FailSettings(err error) {
	for line := range strings.Lines(strings.TrimPrefix(err.Error(), "config: ")) {
		r.Fail("settings", "%s.", strings.TrimSpace(line))
	}
}

// CheckNames says which variables look like settings and are none.
func (r *Report) CheckNames(unknown []string) {
	if len(unknown) > 0 {
		r.Warn("settings", "Nobody reads %s: deploy/env.example lists the settings.", strings.Join(unknown, ", "))
		return
	}
	r.OK("settings", "The settings can be read and fit each other.")
}

// Quiet is a logger for what a check uses: the report says what has to be said.
var Quiet = slog.New(slog.DiscardHandler)

// errSick makes the program exit with 1 after the report, which has said why.
var errSick = errors.New("something has to be done; the report says what")

// Command is the command doctor of program, on a machine whose clock is now. examine
// adds what it finds.
func Command(program string, now func() time.Time, examine func(ctx context.Context, r *Report)) cli.Command {
	return func(ctx context.Context, args []string) error {
		flags, asJSON := cli.Flags(program + " doctor")
		if _, err := cli.Parse(flags, args, 0); err != nil {
			return err
		}
		r := Report{Now: now}
		examine(ctx, &r)
		if err := r.print(*asJSON); err != nil {
			return err
		}
		if !r.Healthy() {
			return errSick
		}
		return nil
	}
}

func (r *Report) print(asJSON bool) error {
	if asJSON {
		return cli.PrintJSON(map[string]any{"healthy": r.Healthy(), "findings": r.Findings})
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, f := range r.Findings {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", f.Status, f.Check, f.Says) // Flush tells
	}
	return table.Flush()
}
