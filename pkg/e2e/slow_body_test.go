package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// slowly is a request whose caller has been let in and has sent the headers alone.
type slowly struct {
	*world
	conn net.Conn
	from *bufio.Reader
	body string
}

// begin sends the headers of a request, and waits until the service asks for its body.
func (w *world) begin(target, token string, body any) *slowly {
	w.t.Helper()
	at, err := url.Parse(target)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", at.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	s := &slowly{w, conn, bufio.NewReader(conn), string(raw)}
	s.write("POST " + at.Path + " HTTP/1.1\r\nHost: " + at.Host + "\r\nAuthorization: Bearer " + token +
		"\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: " + strconv.Itoa(len(raw)) + "\r\n\r\n")
	line, err := textproto.NewReader(s.from).ReadLine()
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		w.t.Fatalf("the body was not asked for: %q, %v", line, err)
	}
	if _, err := textproto.NewReader(s.from).ReadMIMEHeader(); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (s *slowly) write(text string) {
	s.t.Helper()
	if _, err := s.conn.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// end sends the body and returns the status of the answer.
func (s *slowly) end() int {
	s.t.Helper()
	s.write(s.body)
	answer, err := http.ReadResponse(s.from, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode
}

// TestA2_NothingIsMadeForWhoSendsSlowly begins requests in the name of somebody whose
// access ends before their bodies arrive.
func TestA2_NothingIsMadeForWhoSendsSlowly(t *testing.T) {
	const life = 100 * time.Millisecond
	ownWorld(t, stack.Setup{AuthEnv: cheapPasswords, APIEnv: process.Env{"API_CREDENTIAL_LIFE": life.String()}}, func(w *world) {
		k := w.keeper()
		app := w.public()
		pair := w.tokensOf(k.person, app, "read_write")
		key := members{"api_key": members{"name": "Left behind", "scopes": []string{"read_write"}, "source": "web"}}
		tag := members{"tag": members{"name": "Left behind", "color": "#ff0000"}}
		ofOwnApp := w.begin(w.Auth.URL+apiKeys, k.token, key)
		ofBoth := []*slowly{
			w.begin(w.API().URL+"/api/v1/tags", k.token, tag),
			w.begin(w.API().URL+"/api/v1/tags", pair.Access, tag),
		}
		known := time.Now() // every answer about the two tokens is older
		kept := w.begin(w.API().URL+"/api/v1/tags", w.tokens(app, "read_write").Access, tag)
		page := w.answer(actor.NewBrowser(w.Auth.URL), w.resetLink(k.person), map[string]string{"new_password": laterPassword})
		if page.Status != http.StatusOK {
			w.t.Fatalf("%d %s", page.Status, page.Text())
		}
		k.person.Password = laterPassword
		testenv.Eventually(w.t, time.Minute, "the access token dies, and what was known of it", func() bool {
			return w.call(http.MethodGet, accounts, pair.Access, nil).Status == http.StatusUnauthorized && time.Since(known) >= life
		})
		if status := ofOwnApp.end(); status != http.StatusUnauthorized {
			w.t.Errorf("a key: %d", status)
		}
		for _, one := range ofBoth {
			if status := one.end(); status != http.StatusUnauthorized {
				w.t.Errorf("a tag: %d", status)
			}
		}
		if status := kept.end(); status != http.StatusCreated {
			w.t.Errorf("a tag of somebody else who sends slowly: %d", status)
		}
		own, err := pairOf(w.login(k.person, "again"))
		if err != nil {
			w.t.Fatal(err)
		}
		again := &keeper{world: w, person: k.person, token: own.Access}
		if left := again.list(); len(left) != 0 {
			w.t.Errorf("keys are left: %+v", left)
		}
		if tags := w.call(http.MethodGet, "/api/v1/tags", own.Access, nil); strings.Contains(string(tags.Body), "Left behind") {
			w.t.Errorf("a tag is left: %s", tags)
		}
	})
}
