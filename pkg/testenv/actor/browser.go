package actor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/html"
)

// Browser fetches pages as a person's browser would: it keeps cookies, follows
// redirects within its origin, says where a form was posted from, and stops
// where a redirect leaves for the application.
type Browser struct {
	origin string
	client *http.Client
}

// Page is an answer a browser got.
type Page struct {
	Status int
	Header http.Header
	URL    *url.URL // of the last request
	Body   string
	Left   *url.URL // where the server sent the browser outside its origin; nil: nowhere
}

const maxRedirects = 10

// NewBrowser returns a browser with no cookies that stays on origin.
func NewBrowser(origin string) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("actor: a cookie jar without options cannot fail: " + err.Error())
	}
	return &Browser{
		origin: strings.TrimSuffix(origin, "/"),
		client: &http.Client{
			Jar: jar, Transport: keeping, Timeout: 30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Through makes the browser send its requests through transport, such as one that
// trusts an authority of its own.
func (b *Browser) Through(transport http.RoundTripper) { b.client.Transport = transport }

// Cookies returns the cookies the browser would send to the origin.
func (b *Browser) Cookies() []*http.Cookie {
	u, err := url.Parse(b.origin)
	if err != nil {
		return nil
	}
	return b.client.Jar.Cookies(u)
}

// Get fetches a page; target is a path or a URL of the origin.
func (b *Browser) Get(ctx context.Context, target string) (*Page, error) {
	return b.do(ctx, http.MethodGet, b.absolute(target), nil)
}

// Post sends values as a form from a page of the origin.
func (b *Browser) Post(ctx context.Context, target string, values url.Values) (*Page, error) {
	return b.do(ctx, http.MethodPost, b.absolute(target), fields(values))
}

// Submit sends a form with the button name=value pressed; an empty name
// presses none. Nothing is followed twice: a button that does not exist is an
// error.
func (b *Browser) Submit(ctx context.Context, p *Page, f *Form, name, value string) (*Page, error) {
	values := url.Values{}
	for k, v := range f.Values {
		values[k] = v
	}
	if name != "" {
		if !f.HasButton(name, value) {
			return nil, fmt.Errorf("actor: %s: the form has no button %s=%s", p.URL.Path, name, value)
		}
		values.Set(name, value)
	}
	target, err := p.URL.Parse(f.Action)
	if err != nil {
		return nil, fmt.Errorf("actor: form action: %w", err)
	}
	if f.Method == http.MethodGet {
		target.RawQuery = values.Encode()
		return b.do(ctx, http.MethodGet, target.String(), nil)
	}
	return b.do(ctx, http.MethodPost, target.String(), fields(values))
}

// Upload sends a form with content in its field for a file.
func (b *Browser) Upload(ctx context.Context, p *Page, f *Form, field string, content []byte) (*Page, error) {
	target, err := p.URL.Parse(f.Action)
	if err != nil {
		return nil, fmt.Errorf("actor: form action: %w", err)
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name := range f.Values {
		if name != field {
			err = errors.Join(err, parts.WriteField(name, f.Values.Get(name)))
		}
	}
	part, badPart := parts.CreateFormFile(field, "picture")
	if err = errors.Join(err, badPart); err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	_, unwritten := part.Write(content)
	if err := errors.Join(unwritten, parts.Close()); err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	return b.do(ctx, http.MethodPost, target.String(), &sending{parts.FormDataContentType(), body.String()})
}

// sending is the body of a form.
type sending struct{ kind, text string }

func fields(values url.Values) *sending {
	return &sending{"application/x-www-form-urlencoded", values.Encode()}
}

func (b *Browser) absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return b.origin + target
	}
	return target
}

func (b *Browser) do(ctx context.Context, method, target string, form *sending) (*Page, error) {
	for range maxRedirects {
		p, err := b.once(ctx, method, target, form)
		if err != nil {
			return nil, err
		}
		location := p.Header.Get("Location")
		if p.Status < 300 || p.Status > 399 || location == "" {
			return p, nil
		}
		next, err := p.URL.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("actor: Location: %w", err)
		}
		if next.Scheme+"://"+next.Host != b.origin {
			p.Left = next
			return p, nil
		}
		if p.Status == http.StatusTemporaryRedirect || p.Status == http.StatusPermanentRedirect {
			return nil, fmt.Errorf("actor: %s answered %d, which repeats the form", p.URL.Path, p.Status)
		}
		method, target, form = http.MethodGet, next.String(), nil
	}
	return nil, errors.New("actor: too many redirects")
}

func (b *Browser) once(ctx context.Context, method, target string, form *sending) (*Page, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.text)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Sec-Fetch-Site", "none")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", form.kind)
		req.Header.Set("Origin", b.origin)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	return &Page{Status: res.StatusCode, Header: res.Header, URL: req.URL, Body: string(raw)}, nil
}

// Text returns the page's words, markup removed.
func (p *Page) Text() string {
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return ""
	}
	return words(root)
}

// Heading returns the words of the page's first h1.
func (p *Page) Heading() string {
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return ""
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "h1" {
			return words(n)
		}
	}
	return ""
}

// joins reports whether text goes on with the word before it: behind a place where a line
// may end, or behind a name.
func joins(text *html.Node) bool {
	before := text.PrevSibling
	return before != nil && (before.Data == "wbr" || before.Data == "bdi" && strings.TrimLeftFunc(text.Data, unicode.IsSpace) == text.Data)
}

func words(node *html.Node) string {
	var words []string
	for n := range node.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			found := strings.Fields(n.Data)
			if joins(n) && len(words) > 0 && len(found) > 0 {
				words[len(words)-1] += found[0]
				found = found[1:]
			}
			words = append(words, found...)
		}
	}
	return strings.Join(words, " ")
}
