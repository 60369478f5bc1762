package web

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// again shows a refused form: the fields as they were filled in, but never a secret.
func (s *Server) again(w http.ResponseWriter, r *http.Request, v *page.View, body templ.Component, err error, fields ...string) error {
	if v.Fields == nil {
		v.Fields = map[string]string{}
	}
	for _, name := range fields {
		if r.PostForm.Has(name) { // of another form of the page it has nothing
			v.Fields[name] = r.PostForm.Get(name)
		}
	}
	return s.refused(w, r, v, body, err)
}

// refusals are the errors that a form can show, and the status of the answer.
var refusals = map[fault.Kind]int{
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.Invalid: http.StatusUnprocessableEntity, fault.RateLimited: http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable, fault.Conflict: http.StatusConflict,
}

// refused shows a form with what was wrong: sentences beside the fields they
// belong to, others on top. An error that a form cannot show comes back, and so does one
// that says that the form is nobody's any more.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, v *page.View, body templ.Component, err error) error {
	f := faultOf(err)
	if f == nil || refusals[f.Kind] == 0 || errors.Is(err, authserver.ErrNotAdmitted) {
		return err
	}
	retryAfter(w, f)
	if broken, ok := errors.AsType[authserver.Violations](err); ok {
		v.Errors = map[string][]string{}
		for _, one := range broken {
			v.Errors[one.Field] = append(v.Errors[one.Field], s.site.Say(v.Language, one.Message))
		}
	} else {
		v.Alert = s.site.SayFault(v.Language, f)
	}
	return s.render(w, r, refusals[f.Kind], v, body)
}

func faultOf(err error) *fault.Error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		return nil
	}
	return f
}
