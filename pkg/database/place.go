package database

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Existing complains when the SQLite file of url is not there: a command that only
// looks would make an empty one, and tell of that. setting is the variable that
// names the database.
func Existing(setting, url string) error {
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile {
		return nil
	}
	path = strings.TrimPrefix(path, "//")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return fmt.Errorf("there is no database at %s, where it is looked for because %s is not set: set it, "+
		"or change to the folder that the service runs in", path, setting)
}
