package web

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/pkg/cell"
)

// sheet is a list as a file: its columns, and how a page of it is read.
type sheet struct {
	name    string
	states  []string
	columns []string
	read    func(r *http.Request, q authserver.Search) (rows [][]string, next authserver.Place, err error)
}

// sendSheet answers with the whole list that the address chooses, page by page: a
// list of any length needs little memory. A list that cannot be read to its end is
// cut off, and the browser is told so.
func (s *Server) sendSheet(w http.ResponseWriter, r *http.Request, in *authserver.Signin, sh sheet) error {
	q, err := searchOf(r.URL.Query(), sh.states)
	if err != nil {
		return err
	}
	q.After, q.Limit = authserver.Place{}, operator.MaxPageSize
	rows, next, err := sh.read(r, q)
	if err != nil {
		return err
	}
	out := startSheet(w, r, in, sh.name, sh.columns...)
	for {
		if !writeRows(out, rows) || next.ID == "" {
			return nil
		}
		q.After = next
		if rows, next, err = sh.read(r, q); err != nil {
			return breakOff(r, err)
		}
	}
}

// startSheet begins an answer that is a file with columns of these names.
func startSheet(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string, columns ...string) *csv.Writer {
	annotate(r, in.User.ID)
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	out := csv.NewWriter(w)
	_ = out.Write(columns) // errors stay in out
	return out
}

// writeRows sends rows on; false: nobody listens any more.
func writeRows(out *csv.Writer, rows [][]string) bool {
	for _, row := range rows {
		for i := range row {
			row[i] = cell.EscapeFormula(row[i])
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error() == nil
}

func stamp(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

func (s *Server) peopleFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{
		"people", peopleStates,
		[]string{"id", "email", "first_name", "last_name", "family_id", "family", "role", "operator", "second_factor", "last_seen_at", "created_at", "deactivated_at"},
		func(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
			found, err := s.operator.People(r.Context(), q)
			rows := make([][]string, 0, len(found.Rows))
			for i := range found.Rows {
				u := &found.Rows[i]
				rows = append(rows, []string{
					u.ID, u.Email, u.FirstName, u.LastName, u.FamilyID, u.FamilyName, u.Role, strconv.FormatBool(u.Operator),
					strconv.FormatBool(u.SecondFactor), stamp(u.SeenAt), stamp(&u.CreatedAt), stamp(u.DeactivatedAt),
				})
			}
			return rows, found.Next, err
		},
	})
}

func (s *Server) clientsFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{"applications", clientStates, clientHeads, s.clientRows})
}

func (s *Server) serversFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{
		"resource-servers", nil, clientHeads,
		func(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
			q.State = authserver.ClientServer
			return s.clientRows(r, q)
		},
	})
}

var clientHeads = []string{"client_id", "name", "auth_method", "scopes", "redirect_uris", "owner_id", "introduced", "created_at", "disabled_at", "stopped_at"}

func (s *Server) clientRows(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
	found, err := s.operator.Clients(r.Context(), q)
	rows := make([][]string, 0, len(found.Rows))
	for _, c := range found.Rows {
		rows = append(rows, []string{
			c.ID, c.Name, c.AuthMethod, c.Scopes.String(), strings.Join(c.RedirectURIs, " "), c.OwnerID, c.Introduced,
			stamp(&c.CreatedAt), stamp(c.DisabledAt), stamp(c.StoppedAt),
		})
	}
	return rows, found.Next, err
}

func (s *Server) familiesFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{
		"families", nil,
		[]string{"id", "name", "members", "created_at"},
		func(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
			found, err := s.operator.Families(r.Context(), q)
			rows := make([][]string, 0, len(found.Rows))
			for _, f := range found.Rows {
				rows = append(rows, []string{f.ID, f.Name, strconv.Itoa(f.Members), stamp(&f.CreatedAt)})
			}
			return rows, found.Next, err
		},
	})
}

func (s *Server) erasuresFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{
		"erasures", erasureStates,
		[]string{"family_id", "state", "attempts", "failure", "next_attempt_at", "done_at", "created_at"},
		func(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
			found, err := s.operator.Erasures(r.Context(), q)
			rows := make([][]string, 0, len(found.Rows))
			for i := range found.Rows {
				e := &found.Rows[i]
				rows = append(rows, []string{
					e.FamilyID, e.State(), strconv.Itoa(e.Attempts), e.Failure, stamp(&e.NextAt), stamp(e.DoneAt), stamp(&e.CreatedAt),
				})
			}
			return rows, found.Next, err
		},
	})
}

func (s *Server) keysFile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.sendSheet(w, r, in, sheet{
		"api-keys", keyStates,
		[]string{"id", "name", "key", "user_id", "email", "scope", "tier", "created_at", "expires_at", "revoked_at", "last_used_at"},
		func(r *http.Request, q authserver.Search) ([][]string, authserver.Place, error) {
			found, err := s.operator.Keys(r.Context(), q)
			rows := make([][]string, 0, len(found.Rows))
			for _, k := range found.Rows {
				rows = append(rows, []string{
					k.ID, k.Name, k.Stub, k.UserID, k.Email, k.Scopes.String(), k.Tier, stamp(&k.CreatedAt), stamp(k.ExpiresAt),
					stamp(k.RevokedAt), stamp(k.LastUsedAt),
				})
			}
			return rows, found.Next, err
		},
	})
}
