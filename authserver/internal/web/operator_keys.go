package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

var (
	keyStates  = []string{authserver.KeyLive, authserver.KeyEnded}
	keyColumns = []string{"key", "person", "tier", "used", "created"}
)

func (s *Server) keyList() listing[authserver.KeyEntry] {
	return listing[authserver.KeyEntry]{
		key: "keys", file: "api-keys", filters: chosenBy(keyStates), orders: ordinary, columns: keyColumns,
		find: s.operator.Keys, rows: oneByOne(s.keyListRow),
		heads: []string{"id", "name", "key", "user_id", "email", "scope", "tier", "created_at", "expires_at", "revoked_at", "last_used_at"},
		line: func(k *authserver.KeyEntry) []string {
			return []string{
				k.ID, k.Name, k.Stub, k.UserID, k.Email, k.Scopes.String(), k.Tier, stamp(&k.CreatedAt), stamp(k.ExpiresAt),
				stamp(k.RevokedAt), stamp(k.LastUsedAt),
			}
		},
	}
}

func (s *Server) keyListRow(k *authserver.KeyEntry) page.ListRow {
	name := page.ListCell{Text: k.Name, Fine: k.Stub}
	tier := page.ListCell{Key: "operator.keys.ended", Badge: "plain"}
	if k.Live(s.now()) {
		name.Href, tier = page.OperatorPath+"/keys/"+k.ID, page.ListCell{Key: "key.tier." + k.Tier}
	}
	return page.ListRow{Cells: []page.ListCell{name, {Text: k.Email, Href: page.OperatorPath + "/people/" + k.UserID}, tier, usedCell(k.LastUsedAt, ""), {At: &k.CreatedAt}}}
}

func (s *Server) showOneKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	k, u, err := s.operator.Key(r.Context(), idOf(r))
	if err != nil {
		return err
	}
	used, err := s.keyUsage(r, in, k)
	if err != nil {
		return err
	}
	d := page.FactsView{
		Key: "keys", Name: k.Name, Back: page.OperatorPath + "/keys", Path: page.OperatorPath + "/keys/" + k.ID,
		Badges: []page.ListCell{{Key: "key.active", Badge: "good"}}, Events: eventsOf(k.ID),
		Facts: []page.Fact{
			{Key: "owner", Cell: personCell(u)},
			{Key: "key", Cell: page.ListCell{Text: k.Stub}},
			{Key: "tier", Cell: page.ListCell{Key: "key.tier." + k.Tier}},
			{Key: "scope", Cell: scopesCell(k.Scopes)},
			{Key: "hour", Cell: page.ListCell{Text: hourOf(k)}},
			{Key: "used", Cell: usedCell(k.LastUsedAt, k.LastUsedFrom)},
			{Key: "created", Cell: page.ListCell{At: &k.CreatedAt}},
		},
		Actions: []string{"tier"}, Dangers: []string{"revoke"}, Usage: used, Heading: "usage.heading",
	}
	if k.SupersededAt != nil {
		d.Badges[0] = page.ListCell{Key: "key.rotated", Badge: "warn"}
	}
	if k.ExpiresAt != nil {
		d.Facts = append(d.Facts, page.Fact{Key: "expires", Cell: page.ListCell{Moment: k.ExpiresAt}})
	}
	d.Facts = append(d.Facts, page.Fact{Key: "id", Cell: page.ListCell{Text: k.ID}, Copy: true})
	return s.showFacts(w, r, in, d)
}

// hourOf is how many requests a key has made in this hour, of as many as it may.
func hourOf(k *apikey.View) string {
	text := strconv.FormatInt(k.RequestsThisHour, 10)
	if !k.Limit.Unlimited() {
		text += " / " + strconv.FormatInt(k.Limit.Max, 10)
	}
	return text
}

// usedCell is when something was last used, and from where.
func usedCell(at *time.Time, from string) page.ListCell {
	if at == nil {
		return page.ListCell{Key: "operator.never"}
	}
	return page.ListCell{Since: at, Fine: from}
}

// eventsOf is the address of what happened to the thing with an id.
func eventsOf(id string) string {
	return page.OperatorPath + "/events?" + url.Values{"q": {id}}.Encode()
}

func (s *Server) keyAsked(r *http.Request, name string) (page.ActView, error) {
	k, _, err := s.operator.Key(r.Context(), idOf(r))
	if err != nil {
		return page.ActView{}, err
	}
	d := page.ActView{Key: "operator.keys." + name, Name: k.Name, Back: page.OperatorPath + "/keys/" + k.ID, Danger: name == "revoke"}
	if name == "tier" {
		d.Tier, d.Tiers = k.Tier, authserver.Tiers()
	} else if d.Happens, err = s.refuses(r, k.ID); err != nil {
		return d, err
	}
	return d, nil
}

func (s *Server) askTier(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.askKey(w, r, in, "tier", nil)
}

func (s *Server) askRevokeKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.askKey(w, r, in, "revoke", nil)
}

func (s *Server) askKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string, refused error) error {
	d, err := s.keyAsked(r, name)
	if err != nil {
		return err
	}
	return s.ask(w, r, in, d, refused)
}

func (s *Server) setTier(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.operator.SetTier(r.Context(), &in.User, idOf(r), r.PostForm.Get("seen"), r.PostForm.Get("tier")); err != nil {
		return s.askKey(w, r, in, "tier", err)
	}
	return redirect(w, r, page.OperatorPath+"/keys/"+idOf(r)+"?done=saved")
}

func (s *Server) revokeAnyKey(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.operator.RevokeKey(r.Context(), &in.User, idOf(r)); err != nil && !fault.Is(err, fault.NotFound) {
		return s.askKey(w, r, in, "revoke", err)
	}
	return redirect(w, r, page.OperatorPath+"/keys?done=key-revoked")
}
