package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// handler answers one method of a page. unsigned answers for it where it needs a
// person and nobody is signed in.
type handler interface {
	bind(s *Server, unsigned httpserver.Handler) httpserver.Handler
}

// anyone is a handler for whoever asks.
type anyone func(w http.ResponseWriter, r *http.Request) error

func (h anyone) bind(*Server, httpserver.Handler) httpserver.Handler { return httpserver.Handler(h) }

// person is a handler for the person who is signed in.
type person func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error

func (h person) bind(s *Server, unsigned httpserver.Handler) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		in, err := s.current(r)
		if err != nil {
			return err
		}
		if in == nil {
			return unsigned(w, r)
		}
		r = s.knowing(w, r.WithContext(authserver.Admitted(r.Context(), authserver.Admission{SigninID: in.ID})), in)
		if in.User.Review && r.Method != http.MethodPost && r.URL.Path != reviewPath {
			return redirect(w, r, page.WithReturn(reviewPath, safePath(r.URL.RequestURI())))
		}
		return h(w, r, in)
	}
}

// clientOwner is a handler for the person who has registered the client in the
// path; for anybody else there is none.
type clientOwner func(w http.ResponseWriter, r *http.Request, in *authserver.Signin, c *authserver.Client) error

func (h clientOwner) bind(s *Server, unsigned httpserver.Handler) httpserver.Handler {
	return person(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		c, err := s.clients.Owned(r.Context(), in.User.ID, mux.Vars(r)["client"])
		if err != nil {
			return err
		}
		return h(w, r, in, c)
	}).bind(s, unsigned)
}

// keyOwner is a handler for the owner of the key in the path, as long as the key
// opens something.
type keyOwner func(w http.ResponseWriter, r *http.Request, in *authserver.Signin, k *apikey.View) error

func (h keyOwner) bind(s *Server, unsigned httpserver.Handler) httpserver.Handler {
	return person(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		k, err := s.keys.Get(r.Context(), in.User.ID, mux.Vars(r)["key"])
		if err != nil {
			return err
		}
		return h(w, r, in, k)
	}).bind(s, unsigned)
}

// askSignin asks for a sign-in, which comes back to the page: not to its form,
// which is gone.
func (s *Server) askSignin(w http.ResponseWriter, r *http.Request) error {
	to := r.URL.RequestURI()
	if r.Method == http.MethodPost {
		to = r.URL.Path
	}
	return redirect(w, r, page.WithReturn("/signin", safePath(to)))
}

// answer is what the page of t answers: the method's handler, a POST only after
// its form has been checked.
func (s *Server) answer(t route) http.Handler {
	if t.confirm == freshSignin {
		t.post = confirmed{post: t.post, script: t.get == nil}
	}
	if t.picture != nil {
		t.post = pictured{post: t.post, refuse: t.picture}
	}
	if t.get == nil {
		return httpserver.Handle(s.script(t.post), s.renderJSON)
	}
	m := httpserver.Methods{http.MethodGet: httpserver.Handle(t.get.bind(s, s.askSignin), s.RenderError)}
	if t.post != nil {
		post := s.checked(t.post.bind(s, s.askSignin), s.stale(t))
		if t.picture != nil {
			post = takesFile(post)
		}
		m[http.MethodPost] = httpserver.Handle(post, s.RenderError)
	}
	return m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.errorPage(w, r, http.StatusMethodNotAllowed, "", "This address doesn't accept that kind of request.")
	}))
}

// script answers a POST of our own script with JSON. The form is checked as
// every form is.
func (s *Server) script(h handler) httpserver.Handler {
	post := s.checked(h.bind(s, func(http.ResponseWriter, *http.Request) error {
		return authserver.ErrNotAdmitted
	}), func(http.ResponseWriter, *http.Request) error { return errFormGone })
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method == http.MethodPost {
			return post(w, r)
		}
		w.Header().Set("Allow", "POST")
		apierror.JSON(w, r, http.StatusMethodNotAllowed, map[string]string{
			"error": "method_not_allowed", "message": "This address answers POST only.",
		})
		return nil
	}
}

// checked is post after its form has been checked; stale answers for it where the
// form's page had expired.
func (s *Server) checked(post, stale httpserver.Handler) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := s.CheckForm(r)
		switch {
		case errors.Is(err, authserver.ErrStaleForm):
			return stale(w, r)
		case err != nil:
			return err
		}
		return post(w, r)
	}
}

// readable refuses an address of the console that is no text (UTF-8, without NUL): no
// database takes such a thing. A path of that kind leads nowhere.
func (s *Server) readable(next http.Handler) http.Handler {
	missing := s.NotFound()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isText(r.URL.Path):
			missing.ServeHTTP(w, r)
		case !areText(r.URL.Query()):
			s.RenderError(w, r, errFilter)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func areText(query url.Values) bool {
	for name, values := range query {
		if !isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
			return false
		}
	}
	return true
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// NotFound is the page of an address that does not exist.
func (s *Server) NotFound() http.Handler {
	return httpserver.Handle(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}, s.RenderError)
}

// noForm answers a form that the page does not have.
func (s *Server) noForm(http.ResponseWriter, *http.Request, *authserver.Signin) error { return errForm }

func annotate(r *http.Request, userID string) {
	httpserver.Annotate(r.Context(), slog.String("user_id", userID))
}
