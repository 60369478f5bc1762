package apidoc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/preference"
)

// Mount adds the description, for scripts of any origin too, and its pages to router.
// render answers with errors.
func (d *Documents) Mount(router *mux.Router, render httpserver.Renderer) {
	refused := http.HandlerFunc(apierror.MethodNotAllowed)
	description := httpserver.CrossOriginDocument(httpserver.Handle(d.serveJSON, render), refused)
	router.Handle(jsonPath, description)
	router.Handle(d.root+jsonPath, description)
	for path, h := range map[string]httpserver.Handler{
		d.root: d.serveIndex, d.root + "/{route}": d.serveRoute, d.root + "/assets/{sum}/{name}": d.serveFile,
	} {
		router.Handle(path, httpserver.Methods{http.MethodGet: httpserver.Handle(h, render)}.Handler(refused))
	}
	if d.root != apiRoot {
		router.Handle(apiRoot, httpserver.Methods{http.MethodGet: httpserver.Handle(d.redirect, render)}.Handler(refused))
	}
}

// redirect leads to the pages where they are behind one origin too.
func (d *Documents) redirect(w http.ResponseWriter, r *http.Request) error {
	to := d.root
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.Redirect(w, r, to, http.StatusFound) //nolint:gosec // a path of ours, whatever the query
	return nil
}

func (d *Documents) serveJSON(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	send(w, r, d.json)
	return nil
}

// serveFile answers with a file that pages link to. Its address changes with its
// content, so browsers may keep it for ever.
func (d *Documents) serveFile(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	found, ok := d.files[name]
	if !ok || found.sum != mux.Vars(r)["sum"] {
		return fault.New(fault.NotFound, "The requested resource was not found")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(found.content))
	return nil
}

// serveIndex answers with all routes, or with those that are searched for.
func (d *Documents) serveIndex(w http.ResponseWriter, r *http.Request) error {
	v := d.view(r)
	v.index, v.path = true, d.root
	if v.q = searched(r.URL.Query().Get("q")); v.q != "" {
		v.results, v.title = d.found.search(v.q), "search.title"
	}
	return d.draw(w, r, http.StatusOK, v, indexPage(v))
}

func (d *Documents) serveRoute(w http.ResponseWriter, r *http.Request) error {
	v := d.view(r)
	v.path = d.root + "/" + mux.Vars(r)["route"]
	if v.op = d.found.byID[mux.Vars(r)["route"]]; v.op == nil {
		v.title, v.path = "gone.title", d.root
		return d.draw(w, r, http.StatusNotFound, v, gonePage(v))
	}
	return d.draw(w, r, http.StatusOK, v, routePage(v))
}

// view is a page as whoever asks likes it.
func (d *Documents) view(r *http.Request) *view {
	speaks := func(language string) bool { return d.texts[language] != nil }
	var values []string
	for _, one := range r.CookiesNamed(preference.Cookie(d.secure())) {
		values = append(values, one.Value)
	}
	theme, language := preference.Parse(values, speaks)
	if language == "" {
		language = preference.Language(r.Header.Get("Accept-Language"), speaks)
	}
	if language == "" {
		language = defaultLanguage
	}
	return &view{Documents: d, language: language, theme: theme, texts: d.texts[language]}
}

// policy lets a page load what is ours, and its search lead to us.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'"

// draw draws the page into a buffer first: an error in it is a clean failure and not
// half a page.
func (d *Documents) draw(w http.ResponseWriter, r *http.Request, status int, v *view, main templ.Component) error {
	var b bytes.Buffer
	if err := layout(v, main).Render(context.WithoutCancel(r.Context()), &b); err != nil {
		return fmt.Errorf("apidoc: %s: %w", r.URL.Path, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.language)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Add("Vary", "Accept-Language, Cookie")
	if status != http.StatusOK {
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(b.Bytes()) // the browser may be gone
		}
		return nil
	}
	h.Set("Cache-Control", "private, no-cache")
	send(w, r, b.Bytes())
	return nil
}

// send answers with content under an entity tag of its bytes, or with 304.
func send(w http.ResponseWriter, r *http.Request, content []byte) {
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
