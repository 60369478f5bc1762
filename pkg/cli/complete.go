package cli

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// groups are the commands by what is typed before them, as Group was told when the
// program began.
var groups = map[string]map[string]Command{}

// examples are those of the program that runs.
var examples map[string][]string

// inspect, where it is set, takes the flags of a command instead of letting it run.
var inspect func(*flag.FlagSet)

func printExamples(name string) {
	if len(examples[name]) > 0 {
		fmt.Fprintln(os.Stdout, "\nexamples:")
	}
	for _, line := range examples[name] {
		fmt.Fprintln(os.Stdout, "  "+line)
	}
}

// flagsOf returns the flags of the command that is typed so; nil: it has none, or
// there is no such command. It does not run.
func flagsOf(ctx context.Context, typed string) (names []string) {
	at := strings.LastIndexByte(typed, ' ')
	if at < 0 || groups[typed[:at]] == nil || groups[typed] != nil {
		return nil
	}
	command := groups[typed[:at]][typed[at+1:]]
	if command == nil {
		return nil
	}
	inspect = func(flags *flag.FlagSet) { flags.VisitAll(func(f *flag.Flag) { names = append(names, "--"+f.Name) }) }
	defer func() { inspect = nil }()
	_ = command(ctx, nil) // ends where it would read its flags
	return names
}

// complete prints what the last word may become, one a line.
func (p Program) complete(ctx context.Context, words []string) error {
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	groups[p.Name] = p.Commands
	typed, last := p.Name, ""
	if len(words) > 0 {
		last = words[len(words)-1]
		for _, word := range words[:len(words)-1] {
			if groups[typed] == nil {
				break
			}
			typed += " " + word
		}
	}
	candidates := slices.Sorted(maps.Keys(groups[typed]))
	switch {
	case typed == p.Name:
		candidates = slices.Sorted(slices.Values(append(candidates, "completion", "help")))
	case typed == p.Name+" help":
		candidates = slices.Sorted(maps.Keys(p.Commands))
	case typed == p.Name+" completion":
		candidates = slices.Sorted(maps.Keys(scripts))
	case groups[typed] == nil && strings.HasPrefix(last, "-"):
		candidates = flagsOf(ctx, typed)
	}
	for _, c := range candidates {
		if strings.HasPrefix(c, last) {
			fmt.Fprintln(os.Stdout, c)
		}
	}
	return nil
}

// scripts ask the program itself what may come next.
var scripts = map[string]string{
	"bash": `_NAME() {
    local IFS=$'\n'
    COMPREPLY=($(NAME complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _NAME NAME`,
	"zsh": `#compdef NAME
_NAME() {
    local -a found
    found=("${(@f)$(NAME complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    compadd -a found
}
if [ "$funcstack[1]" = "_NAME" ]; then _NAME "$@"; else compdef _NAME NAME; fi`,
	"fish": `complete -c NAME -f -a '(NAME complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
}

// completion prints a script that a shell reads.
func (p Program) completion(args []string) error {
	if len(args) != 1 || scripts[args[0]] == "" {
		return UsageError("usage: " + p.Name + " completion bash|zsh|fish\n\n" +
			"  bash: source <(" + p.Name + " completion bash)\n  zsh:  source <(" + p.Name + " completion zsh), after compinit\n" +
			"  fish: " + p.Name + " completion fish | source")
	}
	fmt.Fprintln(os.Stdout, strings.ReplaceAll(scripts[args[0]], "NAME", p.Name))
	return nil
}
