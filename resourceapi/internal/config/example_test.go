package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExampleListsEverySetting compares deploy/env.example with the struct.
func TestExampleListsEverySetting(t *testing.T) {
	raw, err := os.ReadFile("../../../deploy/env.example")
	if err != nil {
		t.Fatal(err)
	}
	example, above := map[string]string{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, "API_") {
			if meaning, ok := strings.CutPrefix(above, "# "); !ok || meaning == "" {
				t.Errorf("%s has no meaning in the line above", name)
			}
			example[name] = value
		}
		above = line
	}
	settings := map[string]string{}
	collect(reflect.TypeFor[Config](), settings)
	if diff := cmp.Diff(settings, example); diff != "" {
		t.Errorf("the struct (-) and deploy/env.example (+) differ:\n%s", diff)
	}
}

func collect(t reflect.Type, into map[string]string) {
	for f := range t.Fields() {
		if name := f.Tag.Get("env"); name != "" {
			into[strings.Split(name, ",")[0]] = f.Tag.Get("envDefault")
		} else if f.Type.Kind() == reflect.Struct {
			collect(f.Type, into)
		}
	}
}
