package config

import (
	"fmt"
	"os"
	"strings"
)

// secretFile fills *value from file, when one is named. Naming both is an error:
// which one counts would be a guess.
func secretFile(name string, value *string, file string) error {
	if file == "" {
		return nil
	}
	if *value != "" {
		return fmt.Errorf("%s and %s_FILE are both set", name, name)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("%s_FILE: %w", name, err)
	}
	*value = strings.TrimSpace(string(raw))
	if *value == "" {
		return fmt.Errorf("%s_FILE: %s is empty", name, file)
	}
	return nil
}
