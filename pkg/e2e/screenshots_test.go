//go:build browser && screenshots

package e2e

import (
	"os"
	"testing"
)

// TestScreenshots takes a picture of every page a person can reach, on a phone
// and a desktop, light and dark, into the folder SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Fatal("SCREENSHOTS names no folder: make screenshots")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	b := openTab(t).speaking(os.Getenv("LANGUAGE"))
	newTour(t).tour(b, b.picture)
}

// TestScreenshotsOfDocs does the same with the pages about both APIs.
func TestScreenshotsOfDocs(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Fatal("SCREENSHOTS names no folder: make screenshots")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	b := openTab(t).speaking(os.Getenv("LANGUAGE"))
	newTour(t).tourDocs(b, b.picture)
}
