package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// clientActs are what can be done to a client, beside deleting it.
var clientActs = []string{"verify", "unverify", "edit", "rotate", "enable", "disable"}

// actsForClient are those that c is in a state for.
func actsForClient(c *authserver.Client) (acts, dangers []string) {
	if c.FirstParty || c.ResourceServer {
		if !c.Public() && c.ResourceServer {
			acts = append(acts, "rotate")
		}
		return acts, nil
	}
	if mayVerify(c) {
		acts = append(acts, "verify")
	}
	if c.Verified() {
		acts = append(acts, "unverify")
	}
	acts = append(acts, "logo")
	if operator.Editable(c) {
		acts = append(acts, "edit")
	}
	if !c.Public() && c.Introduced == "" {
		acts = append(acts, "rotate")
	}
	if c.Stopped() {
		return append(acts, "enable"), []string{"delete"}
	}
	return acts, []string{"disable", "delete"}
}

// mayVerify reports whether there is something of c to verify.
func mayVerify(c *authserver.Client) bool {
	return !c.Vouched() && !c.FirstParty && !c.ResourceServer && (!c.Verified() || c.LogoWaits())
}

func (s *Server) clientRoutes(root string) []route {
	routes := []route{{
		path: root + "/logo", confirm: freshSignin, picture: s.anyLogo,
		get: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
			return s.anyLogo(w, r, in, nil)
		}),
		post: operatorOnly(s.changeAnyLogo),
	}, {path: root + "/logo/remove", get: operatorOnly(s.askRemoveAnyLogo)}}
	for _, name := range clientActs {
		routes = append(routes, route{
			path: root + "/" + name, confirm: freshSignin,
			get: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
				return s.askClientAct(w, r, in, name, nil)
			}),
			post: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
				return s.doClientAct(w, r, in, name)
			}),
		})
	}
	return routes
}

func (s *Server) clientAct(r *http.Request, name string) (page.ActView, *authserver.Client, error) {
	c, err := s.operator.Client(r.Context(), r.URL.Query().Get("client"))
	if err != nil {
		return page.ActView{}, nil, err
	}
	d := page.ActView{
		Key: "operator.applications." + name, Name: page.PlainName(c.Name), Back: oneClient(c.ID), Danger: name == "disable",
		Edit: name == "edit", Overlap: name == "rotate",
	}
	switch name {
	case "verify":
		d.Seen = registration.ReviewVersion(c)
		d.Terms, err = s.clientTerms(r.Context(), c)
	case "edit":
		d.Seen = registration.EditVersion(c)
	case "rotate":
		d.Seen = registration.SecretVersion(c)
	case "disable":
		d.Happens, err = s.disconnects(r, c.ID)
	}
	return d, c, err
}

// clientTerms is what somebody who verifies a client looks at.
func (s *Server) clientTerms(ctx context.Context, c *authserver.Client) ([]page.Fact, error) {
	facts := append(clientFacts(c), logoFact(c))
	if c.DeviceGrant {
		facts = append(facts, page.Fact{Key: "devices", Cell: page.ListCell{Key: "operator.on"}})
	}
	if c.OwnerID == "" {
		return facts, nil
	}
	owner, err := s.ownerFact(ctx, c)
	return append(facts, owner), err
}

// clientFacts is what a client says of itself and may ask for.
func clientFacts(c *authserver.Client) []page.Fact {
	return []page.Fact{
		{Key: "name", Cell: page.ListCell{Text: c.Name}},
		{Key: "redirects", Cell: page.ListCell{Text: strings.Join(c.RedirectURIs, ", ")}},
		{Key: "scopes", Cell: scopesCell(c.Scopes)},
	}
}

// clientNow is what a form of a client would replace.
func clientNow(c *authserver.Client) []page.Fact {
	return append(clientFacts(c), page.Fact{Key: "overlap", Cell: page.ListCell{Text: strconv.Itoa(int(c.RefreshOverlap / time.Second))}})
}

// ownerFact leads to the person who registered a client.
func (s *Server) ownerFact(ctx context.Context, c *authserver.Client) (page.Fact, error) {
	names := map[string]string{c.OwnerID: ""}
	err := s.operator.Names(ctx, names)
	return page.Fact{Key: "owner", Cell: page.ListCell{
		Text: cmp.Or(names[c.OwnerID], c.OwnerID), Href: page.OperatorPath + "/people/" + c.OwnerID,
	}}, err
}

func (s *Server) askClientAct(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string, refused error) error {
	d, c, err := s.clientAct(r, name)
	if err != nil {
		return err
	}
	d.Action = r.URL.RequestURI()
	v := s.actView(w, r, in, d)
	v.Fields = clientFields(c)
	if name == "edit" && fault.Is(refused, fault.Conflict) {
		d.Terms = clientNow(c)
	}
	body := page.OperatorActPage(v, d)
	if refused != nil {
		return s.again(w, r, v, body, refused, "name", "scopes", "redirect_uris", "refresh_overlap")
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// clientFields are the fields of a client's form.
func clientFields(c *authserver.Client) map[string]string {
	fields := map[string]string{
		"name": c.Name, "redirect_uris": strings.Join(c.RedirectURIs, "\n"), "scopes": c.Scopes.String(),
		"refresh_overlap": strconv.Itoa(int(c.RefreshOverlap / time.Second)),
	}
	if names := c.Scopes.Names(); len(names) > 0 && names[len(names)-1] == "read_write" {
		fields["scopes"] = "read read_write"
	}
	return fields
}

func (s *Server) doClientAct(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string) error {
	d, c, err := s.clientAct(r, name)
	if err != nil {
		return err
	}
	switch name {
	case "verify", "unverify":
		err = s.operator.VerifyClient(r.Context(), &in.User, c.ID, r.PostForm.Get("seen"), name == "verify")
	case "enable", "disable":
		err = s.operator.SwitchClient(r.Context(), &in.User, c.ID, name == "enable")
	case "edit":
		err = s.operator.ChangeClient(r.Context(), &in.User, c, clientRequest(r.PostForm, *c))
	case "rotate":
		return s.rotateAnyClient(w, r, in, d, c)
	}
	if err != nil {
		return s.askClientAct(w, r, in, name, err)
	}
	return redirect(w, r, oneClient(c.ID)+"&done=saved")
}

func (s *Server) rotateAnyClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin, d page.ActView, c *authserver.Client) error {
	life, err := overlapLife(r)
	if err != nil {
		return err
	}
	made, err := s.operator.RotateClient(r.Context(), &in.User, c.ID, life, r.PostForm.Get("seen"))
	if err != nil {
		return s.askClientAct(w, r, in, "rotate", err)
	}
	v := s.personalView(w, r, in, d.Key+".made", d.Name)
	return s.render(w, r, http.StatusOK, v, page.OperatorOncePage(v, d.Back, d.Key, d.Name, made.Reveal()))
}
