package actor

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const formPage = `<!doctype html><h1>Who <em>are</em> you?</h1>
<form action="/search"><input name="q"></form>
<form method="post" action="?step=2">
<input type="hidden" name="csrf" value="abc"><input name="email" value="a@example.com"><input type="password" name="password">
<input type="checkbox" name="stay" value="yes" checked><input type="checkbox" name="news" value="yes">
<input name="off" value="x" disabled><textarea name="note">hello</textarea>
<select name="role"><option value="one">1</option><option value="two" selected>2</option></select>
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
</form>`

func TestBrowserFillsTheFormAndStopsAtTheApplication(t *testing.T) {
	var got url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Write([]byte(formPage))
			return
		}
		if err := r.ParseForm(); err != nil || r.Header.Get("Origin") != "http://"+r.Host || r.URL.RawQuery != "step=2" {
			t.Errorf("%v %v %s", err, r.Header, r.URL)
		}
		got = r.PostForm
		http.Redirect(w, r, "https://app.example.com/callback?code=c", http.StatusSeeOther)
	}))
	defer server.Close()

	b := NewBrowser(server.URL)
	page, err := b.Get(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	if page.Heading() != "Who are you?" {
		t.Errorf("heading %q", page.Heading())
	}
	form, err := page.Form("email", "decision")
	if err != nil {
		t.Fatal(err)
	}
	form.Fill(map[string]string{"password": "secret", "nickname": "there is no such field"})
	if _, err := b.Submit(t.Context(), page, form, "decision", "perhaps"); err == nil {
		t.Error("a button that is not there was pressed")
	}
	next, err := b.Submit(t.Context(), page, form, "decision", Allow)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"csrf": {"abc"}, "email": {"a@example.com"}, "password": {"secret"}, "stay": {"yes"}, "note": {"hello"},
		"role": {"two"}, "decision": {"allow"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
	if next.Left == nil || next.Left.Query().Get("code") != "c" {
		t.Errorf("the browser is at %v", next.Left)
	}
}
