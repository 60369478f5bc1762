package cli

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// errUnconfirmed ends a command that nobody confirmed.
var errUnconfirmed = errors.New("nothing was changed")

// Yes is the flag that answers Confirm beforehand.
func Yes(flags *flag.FlagSet) *bool { return flags.Bool("yes", false, "do not ask") }

// Confirm asks on the terminal whether something that cannot be taken back is to be
// done. Where standard input is no terminal, or yes is set, it does not ask.
func Confirm(yes bool, question string) error {
	if yes || !isatty.IsTerminal(os.Stdin.Fd()) {
		return nil
	}
	fmt.Fprintf(os.Stderr, "%s Type yes to go on: ", question)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // no answer is no
	if strings.TrimSpace(answer) != "yes" {
		return errUnconfirmed
	}
	return nil
}
