package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/settings"
)

type shade string

var errShade = errors.New("light or dark")

func (s *shade) UnmarshalText(text []byte) error {
	if *s = shade(text); *s != "light" && *s != "dark" {
		return errShade
	}
	return nil
}

type Inner struct {
	Shade shade `env:"X_SHADE" envDefault:"light"`
	Life  int64 `env:"X_INNER_LIFE" envDefault:"3"` // the name of a field outside
}

type outer struct {
	Name  string        `env:"X_NAME" envDefault:"nobody"`
	Life  time.Duration `env:"X_LIFE" envDefault:"1m"`
	Count int           `env:"X_COUNT" envDefault:"7"`
	On    bool          `env:"X_ON" envDefault:"true"`
	List  []string      `env:"X_LIST"`
	Inner
}

func TestEveryComplaintAtOnceAndTheRestIsRead(t *testing.T) {
	var got outer
	err := settings.Read(&got, map[string]string{
		"X_NAME": "Ada", "X_LIFE": "soon", "X_COUNT": "many", "X_ON": "perhaps", "X_SHADE": "grey", "X_INNER_LIFE": "5",
		"X_LIST_FILE": "/nowhere/at/all", "X_UNKNOWN": "x",
	})
	if err == nil {
		t.Fatal("no complaint")
	}
	for _, part := range []string{
		"X_LIFE must be a duration", "X_COUNT must be a whole number", "X_ON must be true or false", "X_SHADE: light or dark", "X_LIST_FILE: ",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 5 {
		t.Errorf("%d complaints: %v", n, err)
	}
	if got.Name != "Ada" || got.Life != time.Minute || got.Count != 7 || !got.On || got.Shade != "light" || got.Inner.Life != 5 {
		t.Errorf("%+v", got)
	}
}

func TestAnythingMayComeFromAFile(t *testing.T) {
	folder := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(folder, strings.TrimSpace(text)+"file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var got outer
	err := settings.Read(&got, map[string]string{
		"X_NAME_FILE": file("Ada\n"), "X_LIFE_FILE": file("2h\r\n"), "X_LIST_FILE": file(" a,b "), "X_COUNT": "", "X_COUNT_FILE": file("9"),
	})
	if err != nil || got.Name != "Ada" || got.Life != 2*time.Hour || len(got.List) != 2 || got.Count != 9 {
		t.Errorf("%+v, %v", got, err)
	}
	for what, environ := range map[string]map[string]string{
		"both": {"X_NAME": "x", "X_NAME_FILE": file("Ada")}, "none": {"X_NAME_FILE": file("Ada") + "x"},
		"empty": {"X_NAME_FILE": file("\n")}, "a folder": {"X_NAME_FILE": folder}, "a bad value": {"X_LIFE_FILE": file("never")},
	} {
		if err := settings.Read(&got, environ); err == nil || !strings.Contains(err.Error(), "X_") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestNothingOfTheProcessIsRead(t *testing.T) {
	t.Setenv("X_NAME", "somebody else")
	var got outer
	if err := settings.Read(&got, nil); err != nil || got.Name != "nobody" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestChecks(t *testing.T) {
	for text, good := range map[string]bool{
		"127.0.0.1:8080": true, ":8080": true, "[::1]:0": true, "localhost:65535": true,
		"": false, "8080": false, "127.0.0.1": false, "127.0.0.1:": false, "127.0.0.1:x": false, "127.0.0.1:65536": false, "::1:80": false,
	} {
		if err := settings.CheckAddress("X", text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
