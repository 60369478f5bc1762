package web

import (
	"errors"
	"net/http"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
)

// showGone shows whoever deleted the account how far that is. Nobody is signed in.
func (s *Server) showGone(w http.ResponseWriter, r *http.Request) error {
	d, err := s.people.Deletion(r.Context(), r.URL.Query().Get("token"))
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/signin", "linkgone.deletion")
	}
	if err != nil {
		return err
	}
	v := s.bareView(r, "deletion.title")
	return s.render(w, r, http.StatusOK, v, page.DeletionPage(v, page.NewDeletionView(d, s.people.Erases(), s.now(), r.URL.RequestURI())))
}
