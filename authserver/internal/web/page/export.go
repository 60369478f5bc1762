package page

import (
	"strings"
)

// Names in the file with everything.
const (
	PersonFile      = "person" + ".json"
	ReadmeFile      = "README" + ".txt"
	HouseholdFolder = "household/"
)

// What can be downloaded, as the form has it.
const (
	ExportEverything = "everything"
	ExportOwn        = "own"
)

var exportChoices = []choice{
	{ExportEverything, "export.everything", "export.everything.text"},
	{ExportOwn, "export.own", "export.own.text"},
}

// ExportReadme is the text beside the files of an export: names are those of the
// household. Lines end as every editor knows them.
func ExportReadme(v *View, server string, names []string) (string, error) {
	var t lined
	t.say(v, "readme.title", v.site.branding.Name)
	t.add("")
	t.say(v, "readme.person", v.Signin.User.Email)
	t.say(v, "readme.family", v.Signin.User.FamilyName)
	t.say(v, "readme.made", v.exact(v.Now), server)
	t.add("")
	t.file(v, PersonFile)
	for _, name := range names {
		t.file(v, HouseholdFolder+name)
	}
	t.add("")
	t.say(v, "readme.safe")
	t.say(v, "readme.amounts")
	t.say(v, "readme.whole")
	return t.text.String(), t.err
}

// lined is a text of lines.
type lined struct {
	text strings.Builder
	err  error
}

func (t *lined) add(line string) { t.text.WriteString(line + "\r\n") }

func (t *lined) say(v *View, key string, args ...any) {
	line, err := v.t(key, args...)
	if err != nil && t.err == nil {
		t.err = err
	}
	t.add(line)
}

// file names a file, and says what it is where that is known.
func (t *lined) file(v *View, path string) {
	what := v.texts["readme.file."+strings.ReplaceAll(path[strings.LastIndexByte(path, '/')+1:], ".", "_")]
	if what == "" {
		t.add(path)
		return
	}
	const column = 30
	t.add(path + strings.Repeat(" ", max(1, column-len(path))) + what)
}
