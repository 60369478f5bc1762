//go:build browser

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// tab is one page of a real browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// chromium returns the path of a browser. Without one the test is skipped; when
// engines are required it fails.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if testenv.RequireEngines() {
		t.Fatal("a browser is required, and there is none: set TEST_CHROMIUM")
	}
	t.Skip("no Chromium on the PATH and TEST_CHROMIUM is not set")
	return ""
}

// oneBrowser is one that all tests share; nil: it has not been started.
var oneBrowser struct {
	sync.Mutex
	ctx context.Context
}

// openTab opens a window of the browser that all tests share, with an empty profile of
// its own. Its page believes that it has the focus.
func openTab(t *testing.T) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(sharedBrowser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return (&tab{t: t, ctx: ctx}).focused()
}

// openBrowser starts a browser of the test's own, for what all windows of one share: the
// clipboard.
func openBrowser(t *testing.T) *tab {
	t.Helper()
	ctx, end, err := startBrowser(chromium(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return &tab{t: t, ctx: ctx}
}

func sharedBrowser(t *testing.T) context.Context {
	t.Helper()
	oneBrowser.Lock()
	defer oneBrowser.Unlock()
	if oneBrowser.ctx == nil {
		ctx, end, err := startBrowser(chromium(t))
		if err != nil {
			t.Fatal(err)
		}
		oneBrowser.ctx = ctx
		shareUntilTheEnd(end)
	}
	return oneBrowser.ctx
}

func startBrowser(program string) (ctx context.Context, end func(), err error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // tests run as root in containers, and visit only our own pages
		chromedp.Flag("headless", "new"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("hide-scrollbars", true),
		// Each window has a renderer of its own. As shipped, Chromium starts one more in advance
		// each time, and has processes for the network and for drawing: twice the work.
		chromedp.Flag("disable-features", "Translate,SpareRendererForSitePerProcess"),
		chromedp.Flag("enable-features", "NetworkServiceInProcess2"),
		chromedp.Flag("in-process-gpu", true),
		chromedp.Flag("no-zygote", true),
		chromedp.Flag("renderer-process-limit", "1"),
		chromedp.WindowSize(1280, 900),
	)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, leave := chromedp.NewContext(alloc)
	end = func() { leave(); stop() }
	if err := chromedp.Do(ctx); err != nil { // starts it
		end()
		return nil, nil, err
	}
	return ctx, end, nil
}

// focused has the page behave as the one in front, whichever that is.
func (b *tab) focused() *tab {
	b.t.Helper()
	on := emulation.SetFocusEmulationEnabledParams{Enabled: true}
	if _, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, on); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// patience bounds one action; a browser that hangs fails the test.
const patience = 30 * time.Second

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%v at %s", err, b.where())
	}
}

// ask evaluates a JavaScript expression on the page.
func ask[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

func (b *tab) where() string {
	text, err := ask[string](b, "location.href + ': ' + document.body.innerText.slice(0, 400)")
	if err != nil {
		return "an unknown page: " + err.Error()
	}
	return text
}

// withoutScripts switches page scripts off, as a careful person would.
func (b *tab) withoutScripts() *tab {
	b.t.Helper()
	off := emulation.SetScriptExecutionDisabledParams{Value: true}
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, off); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// speaking has the browser ask for pages in a language, by its code; "": its own.
func (b *tab) speaking(language string) *tab {
	b.t.Helper()
	if language == "" {
		return b
	}
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	ask := network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}}
	if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, ask); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// inTimeZone has the browser believe that it is somewhere.
func (b *tab) inTimeZone(zone string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone}); err != nil {
		b.t.Fatal(err)
	}
}

// visit opens a page and waits for it.
func (b *tab) visit(url string) {
	b.t.Helper()
	b.run(chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS("body")))
}

// tabTo presses Tab until the focus is on selector. A person without a mouse
// gets there no other way.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 60 {
		there, err := ask[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", selector))
		if err != nil {
			b.t.Fatal(err)
		}
		if there {
			return
		}
		b.run(chromedp.KeyEvent(kb.Tab))
	}
	b.t.Fatalf("the keyboard does not reach %s at %s", selector, b.where())
}

// typeIn goes to a field by keyboard and types text, which comes at once, as from an
// input method: a key for each letter takes longer than the rest of most tests.
func (b *tab) typeIn(selector, text string) {
	b.t.Helper()
	b.tabTo(selector)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		b.t.Fatalf("%v at %s", err, b.where())
	}
}

func (b *tab) press(selector string) {
	b.t.Helper()
	b.tabTo(selector)
	b.run(chromedp.KeyEvent(kb.Enter))
}

// arrive waits until the browser is at a page whose path is path.
func (b *tab) arrive(path string) {
	b.t.Helper()
	b.until("location.pathname === " + fmt.Sprintf("%q", path))
}

func (b *tab) until(condition string) {
	b.t.Helper()
	testenv.Eventually(b.t, time.Minute, condition+" at "+b.where(), func() bool {
		is, err := ask[bool](b, "("+condition+") && document.readyState === 'complete'")
		return err == nil && is // while pages change there is nothing to evaluate in
	})
}

// callbackApp is the application's own web server: it waits for the browser.
type callbackApp struct {
	*actor.App
	arrivals chan string // the query of each request to the callback
}

func newCallbackApp(w *world) *callbackApp {
	w.t.Helper()
	arrivals := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(rw, r)
			return
		}
		arrivals <- r.URL.RawQuery
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprint(rw, "<!doctype html><title>app</title><h1>Connected</h1>")
	}))
	w.t.Cleanup(server.Close)
	return &callbackApp{App: w.client(server.URL+"/callback", "--public", "--name", "Budget Buddy"), arrivals: arrivals}
}
