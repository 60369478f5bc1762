package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := os.RemoveAll(builtIn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// builtIn is the folder of the program that the tests run; "": none has asked for it.
var builtIn string

var built = sync.OnceValues(func() (string, error) {
	var err error
	if builtIn, err = os.MkdirTemp("", "latchkey-resourceapi-"); err != nil {
		return "", err
	}
	program := filepath.Join(builtIn, "resourceapi")
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, ".").CombinedOutput(); err != nil { //nolint:noctx // for all tests
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
})

// build returns the path of the program, built once for all tests.
func build(t *testing.T) string {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}
