package web

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/role"
)

const (
	// exportMost is how long a download may take, and exportPiece how long the browser may
	// take for a piece of it.
	exportMost  = 30 * time.Minute
	exportPiece = time.Minute
	// exportAsks is how long it may go unseen that the person may not have the data any
	// more. The end of the file is not sent without asking.
	exportAsks = time.Second
)

var (
	errExportEnds = fault.New(fault.Forbidden, "You are no longer signed in, or no longer in this household. No file was made.")
	errFileName   = errors.New("web: the export has a file of an odd name")
)

// exportEverything sends one file with all that is held of the person and of the
// household: a ZIP, which no program takes for whole where its end is missing. Until
// the household's first file has come nothing is sent, so that a failure is a page.
func (s *Server) exportEverything(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	stream, long, release := httpserver.NewStream(w, r, exportMost, exportPiece)
	defer release()
	f := &wholeFile{s: s, out: stream, r: long, in: in, asked: s.now()}
	err := s.people.ExportHousehold(long.Context(), &in.User, f.add) //nolint:contextcheck // it is the request's, without its deadline
	if err == nil {
		err = f.finish()
	}
	switch {
	case err != nil && f.zip != nil:
		httpserver.Cause(r.Context(), err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	case errors.Is(err, errExportEnds):
		return err // who it is now has another page
	case err != nil:
		return s.exportAgain(w, long, in, err)
	}
	return nil
}

// wholeFile is the file while it is sent.
type wholeFile struct {
	s     *Server
	out   io.Writer
	r     *http.Request
	in    *authserver.Signin
	zip   *zip.Writer // nil: nothing has been sent
	asked time.Time   // when the person might still have the data
	names []string    // of the household's files
}

// householdFile is what a file of the household may be called.
var householdFile = regexp.MustCompile(`^[a-z][a-z_]{0,40}\.(?:json|csv)$`)

// add adds a file of the household.
func (f *wholeFile) add(name string, content io.Reader) error {
	if !householdFile.MatchString(name) {
		return errFileName
	}
	if err := f.still(0); err != nil {
		return err
	}
	if f.zip == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	entry, err := f.create(page.HouseholdFolder + name)
	if err != nil {
		return err
	}
	f.names = append(f.names, name)
	_, err = io.Copy(entry, asking{f, content})
	return err
}

// asking is a file of the household that ends when the person may not have it any more.
type asking struct {
	f       *wholeFile
	content io.Reader
}

// Read implements io.Reader.
func (a asking) Read(b []byte) (int, error) {
	if err := a.f.still(exportAsks); err != nil {
		return 0, err
	}
	return a.content.Read(b)
}

// still asks whether the person is still signed in and in the household, if that was
// last asked longer than age ago.
func (f *wholeFile) still(age time.Duration) error {
	now := f.s.now()
	if age > 0 && now.Sub(f.asked) < age {
		return nil
	}
	in, err := f.s.current(f.r)
	if err != nil {
		return err
	}
	if in == nil || in.User.ID != f.in.User.ID || in.User.FamilyID != f.in.User.FamilyID || !in.User.May(role.SeeData) {
		return errExportEnds
	}
	f.asked = now
	return nil
}

// begin sends what is held of the person.
func (f *wholeFile) begin() error {
	own, err := f.s.ownData(f.r.Context(), f.in)
	if err != nil {
		return err
	}
	err = f.s.events.Record(f.r.Context(), authserver.Event{
		Kind: authserver.EventExported, UserID: f.in.User.ID, Details: map[string]string{"household": "true"},
	})
	if err != nil {
		return err
	}
	f.zip = zip.NewWriter(f.out)
	f.s.attach(f.out.(http.ResponseWriter).Header(), "application/zip", "zip") //nolint:forcetypeassert // a Stream
	entry, err := f.create(page.PersonFile)
	if err != nil {
		return err
	}
	_, err = entry.Write(own)
	return err
}

// finish sends what says what the others are, and the end.
func (f *wholeFile) finish() error {
	if f.zip == nil {
		return errors.New("web: the export of a household has no file")
	}
	v := f.s.bareView(f.r, "export.title")
	v.Signin = f.in
	text, err := page.ExportReadme(v, f.s.issuer, f.names)
	if err != nil {
		return err
	}
	entry, err := f.create(page.ReadmeFile)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(entry, text); err != nil {
		return err
	}
	if err := f.still(0); err != nil {
		return err
	}
	return f.zip.Close()
}

func (f *wholeFile) create(name string) (io.Writer, error) {
	entry, err := f.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: f.s.now().UTC()})
	if err != nil {
		return nil, fmt.Errorf("web: export: %w", err)
	}
	return entry, nil
}
