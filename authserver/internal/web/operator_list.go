package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// listing is a list that operators look through, as pages and as a file.
type listing[T any] struct {
	key     string // of its texts, and its path
	file    string // its name
	filters []page.ListFilter
	orders  []string // the first is that of the page
	columns []string // of the page
	makes   string   // path of the page that makes one; "": there is none
	find    func(ctx context.Context, q authserver.Search) (authserver.Found[T], error)
	rows    func(ctx context.Context, by *authserver.User, found []T) ([]page.ListRow, error)
	heads   []string // columns of the file
	line    func(one *T) []string
}

// ordinary are the orders of a list with names.
var ordinary = []string{authserver.OrderNewest, authserver.OrderName}

// oneByOne draws each row alone.
func oneByOne[T any](row func(one *T) page.ListRow) func(context.Context, *authserver.User, []T) ([]page.ListRow, error) {
	return func(_ context.Context, _ *authserver.User, found []T) ([]page.ListRow, error) {
		rows := make([]page.ListRow, len(found))
		for i := range found {
			rows[i] = row(&found[i])
		}
		return rows, nil
	}
}

// listRoutes are the page of a list and its file.
func listRoutes[T any](s *Server, l listing[T]) []route {
	path := page.OperatorPath + "/" + l.key
	return []route{
		{path: path, get: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
			return showList(s, w, r, in, l)
		})},
		{path: path + ".csv", get: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
			return sendFile(w, r, in, l)
		})},
	}
}

func showList[T any](s *Server, w http.ResponseWriter, r *http.Request, in *authserver.Signin, l listing[T]) error {
	q, err := l.search(r.URL.Query(), l.orders[0])
	if err != nil {
		return err
	}
	found, err := l.find(r.Context(), q)
	if err != nil {
		return err
	}
	d := page.ListView{
		Key: l.key, Path: page.OperatorPath + "/" + l.key, Search: q, Filters: l.filters, Order: l.orders[0], Cols: l.columns,
		Total: found.Total, From: found.From, Next: found.Next, Previous: found.Previous, Size: operator.PageSize, Unordered: len(l.orders) == 1,
	}
	if l.makes != "" {
		d.New = page.OperatorPath + l.makes
	}
	if d.Rows, err = l.rows(r.Context(), &in.User, found.Rows); err != nil {
		return err
	}
	v := s.personalView(w, r, in, "operator."+l.key+".title")
	return s.render(w, r, http.StatusOK, v, page.OperatorListPage(v, d))
}

var errSearch = fault.New(fault.Malformed, "This list cannot be shown. Start at its first page.")

// maxSearch bounds a searched text, in bytes.
const maxSearch = 200

// search reads what the list is asked for; order is that where none is.
func (l *listing[T]) search(q url.Values, order string) (authserver.Search, error) {
	search := authserver.Search{Text: strings.TrimSpace(q.Get("q")), Order: order}
	if len(search.Text) > maxSearch || !isText(search.Text) {
		return search, errSearch
	}
	if q.Get("state") == "no_factor" { // from before there was a filter for it
		q.Set("state", authserver.UserActive)
		q.Set("factor", authserver.FactorOff)
	}
	for name, field := range map[string]*string{"state": &search.State, "factor": &search.Factor, "signin": &search.Signin} {
		if *field = q.Get(name); *field != "" && !slices.ContainsFunc(l.filters, func(f page.ListFilter) bool {
			return f.Name == name && slices.Contains(f.Options, *field)
		}) {
			return search, errSearch
		}
	}
	if text := q.Get("order"); text != "" {
		search.Order = text
	}
	if !slices.Contains(l.orders, search.Order) {
		return search, errSearch
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > operator.MaxPageSize {
			return search, errSearch
		}
		search.Limit = n
	}
	var err error
	if search.After, err = authserver.ParsePlace(search.Order, q.Get("after")); err != nil {
		return search, err
	}
	if search.Before, err = authserver.ParsePlace(search.Order, q.Get("before")); err == nil && search.After.ID != "" && search.Before.ID != "" {
		err = errSearch
	}
	return search, err
}

// chosenBy is a filter by the state of rows.
func chosenBy(states []string) []page.ListFilter {
	return []page.ListFilter{{Name: "state", Label: "operator.state", Any: "operator.any", Options: states}}
}
