package web_test

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"path"
	"sync"
	"testing"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/household"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/testenv"
)

// holder is the resource API of a site.
type holder struct {
	mu     sync.Mutex
	answer func(out *multipart.Writer, family string)
	asked  []string // the families
}

// withHolder gives the site a resource API that answers as h says.
func withHolder(t *testing.T, h *holder) func(s *site, d *web.Dependencies) {
	return func(s *site, d *web.Dependencies) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			family := path.Base(path.Dir(r.URL.Path))
			if r.Header.Get("Authorization") != "Bearer the secret" || path.Base(r.URL.Path) != "export" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			h.mu.Lock()
			h.asked = append(h.asked, family)
			answer := h.answer
			h.mu.Unlock()
			if answer == nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			out := multipart.NewWriter(flushing{w})
			w.Header().Set("Content-Type", "multipart/mixed; boundary="+out.Boundary())
			answer(out, family)
		}))
		t.Cleanup(server.Close)
		client, err := household.New(server.URL, "the secret")
		if err != nil {
			t.Fatal(err)
		}
		deps := s.signins
		deps.FamilyData = client
		s.People = account.New(deps)
		d.People = s.People
	}
}

// flushing sends what is written at once.
type flushing struct{ http.ResponseWriter }

func (w flushing) Write(b []byte) (int, error) {
	defer http.NewResponseController(w.ResponseWriter).Flush() //nolint:errcheck // the test sees what arrives
	return w.ResponseWriter.Write(b)
}

func (h *holder) answers(with func(out *multipart.Writer, family string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = with
}

func file(out *multipart.Writer, name, text string) {
	part, _ := out.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`attachment; filename="` + name + `"`}})
	_, _ = io.WriteString(part, text)
}

// twoFiles is an export that holds the family's id.
func twoFiles(out *multipart.Writer, family string) {
	file(out, "accounts.json", `[{"family": "`+family+`"}]`)
	file(out, "transactions.csv", "date,name\n")
	_ = out.Close()
}

func eachHolder(t *testing.T, fn func(t *testing.T, s *site, h *holder)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		h := &holder{answer: twoFiles}
		fn(t, newSite(t, set, settings(), withHolder(t, h)), h)
	})
}
