package database

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// WarnDefault tells w that program uses the database of url because nobody has named one
// in setting, a variable. Unless the program is to make it, it must be there: a
// command that only looks would make an empty one, and tell of that.
func WarnDefault(w io.Writer, program, setting, url string, makes bool) error {
	if !makes {
		if err := existing(setting, url); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(w, "%s: %s is not set; using %s\n", program, setting, url) // nobody may read it
	return nil
}

// existing complains when the SQLite file of url is not there.
func existing(setting, url string) error {
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
