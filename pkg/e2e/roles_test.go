package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"latchkey/pkg/role"
	"latchkey/pkg/testenv/actor"
)

// household is a family with a person in every role, and a token of the product's
// own app for each.
type household struct {
	*world
	people map[string]*actor.Person
	tokens map[string]string
}

func (w *world) household() *household {
	w.t.Helper()
	h := &household{world: w, people: map[string]*actor.Person{role.Admin: w.person()}, tokens: map[string]string{}}
	for _, name := range []string{role.Member, role.Guest} {
		h.people[name] = w.member(h.people[role.Admin], name)
	}
	for name, p := range h.people {
		pair, err := pairOf(w.login(p, "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		h.tokens[name] = pair.Access
	}
	return h
}

// describedRoutes lists what an OpenAPI document describes.
func describedRoutes(t *testing.T, file string) map[[2]string]bool {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[[2]string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			found[[2]string{method, path}] = true
		}
	}
	return found
}

// TestA6_EachRoleMayWhatTheTableSays sends a request to every route of both
// services in every role. The routes come from the descriptions, which other tests
// hold against what is served.
func TestA6_EachRoleMayWhatTheTableSays(t *testing.T) {
	eachWorld(t, func(w *world) {
		h := w.household()
		for path := range describedRoutes(t, "../../resourceapi/internal/api/openapi.yaml") {
			right := role.ChangeData
			switch {
			case strings.HasPrefix(path[1], "/api/v1/users/reset"):
				right = role.ResetData
			case path[0] == http.MethodGet:
				right = role.SeeData
			}
			h.eachRole(w.API().URL, path[0], path[1], right)
		}
		for path := range describedRoutes(t, "../../authserver/internal/api/openapi.yaml") {
			w.household().eachRole(w.Auth.URL, path[0], path[1], role.OwnAccount)
		}
	})
}

// eachRole wants a route to be forbidden to the roles that lack right, and to
// nobody else.
func (h *household) eachRole(service, method, path string, right role.Right) {
	h.t.Helper()
	for name, token := range h.tokens {
		if name == role.Admin && path == "/api/v1/users/me" {
			continue // the admin of a family with members cannot leave it
		}
		answer, err := (&actor.App{}).Call(h.t.Context(), method, service+strings.ReplaceAll(path, "{id}", "x"), token, nil)
		if err != nil {
			h.t.Fatal(err)
		}
		forbidden := answer.Status == http.StatusForbidden && strings.Contains(string(answer.Body), "You are not authorized to perform this action")
		if forbidden == role.May(name, right) {
			h.t.Errorf("%s %s as %s: %s", method, path, name, answer)
		}
		if answer.Status >= http.StatusInternalServerError {
			h.t.Errorf("%s %s as %s: %s", method, path, name, answer)
		}
	}
}

// familyForm posts a form of the family page for the member with the address.
func (w *world) familyForm(by, about *actor.Person, values map[string]string) *actor.Page {
	w.t.Helper()
	page, err := by.Browser.Get(w.t.Context(), "/settings/account")
	if err != nil {
		w.t.Fatal(err)
	}
	form, err := page.Form("csrf_token")
	if err != nil {
		w.t.Fatal(err)
	}
	fields := url.Values{"csrf_token": form.Values["csrf_token"], "id": {w.userID(about)}}
	for name, value := range values {
		fields.Set(name, value)
	}
	if page, err = by.Browser.Post(w.t.Context(), "/settings/family", fields); err != nil {
		w.t.Fatal(err)
	}
	return page
}

func (w *world) userID(p *actor.Person) string {
	w.t.Helper()
	out, err := w.CLI(w.t.Context(), "user", "list", "--json")
	if err != nil {
		w.t.Fatal(err)
	}
	var users []struct{ ID, Email string }
	if err := json.Unmarshal(out, &users); err != nil {
		w.t.Fatal(err)
	}
	for _, u := range users {
		if u.Email == p.Email {
			return u.ID
		}
	}
	w.t.Fatalf("no user %s in %s", p.Email, out)
	return ""
}

// invited makes an invitation and returns the path of its link.
func (w *world) invited(by *actor.Person, email, as string) string {
	w.t.Helper()
	page := w.answer(by.Browser, "/settings/family", map[string]string{"email": email, "role": as}, "action", "invite")
	_, after, found := strings.Cut(page.Text(), w.Auth.URL+"/join?")
	if !found {
		w.t.Fatalf("no invitation was made: %d %s", page.Status, page.Text())
	}
	query, _, _ := strings.Cut(after, " ")
	return "/join?" + query
}

// TestA6_WhatARoleGaveEndsWithIt takes the role of an admin away, who has made an
// invitation, in every way there is.
func TestA6_WhatARoleGaveEndsWithIt(t *testing.T) {
	eachWorld(t, func(w *world) {
		for what, end := range map[string]func(h *household, second *actor.Person){
			"demoted": func(h *household, second *actor.Person) {
				w.familyForm(h.people[role.Admin], second, map[string]string{"action": "role", "role": role.Member})
			},
			"removed": func(h *household, second *actor.Person) {
				w.familyForm(h.people[role.Admin], second, map[string]string{"action": "remove"})
			},
			"deactivated": func(_ *household, second *actor.Person) {
				if _, err := w.CLI(w.t.Context(), "user", "deactivate", second.Email); err != nil {
					w.t.Fatal(err)
				}
			},
			"gone": func(_ *household, second *actor.Person) {
				w.answer(second.Browser, "/settings/delete", map[string]string{"password": second.Password})
			},
		} {
			h := w.household()
			second := w.member(h.people[role.Admin], role.Admin)
			pair, err := pairOf(w.login(second, "phone"))
			if err != nil {
				w.t.Fatal(err)
			}
			wantStatus(w.t, w.call(http.MethodGet, "/api/v1/users/reset/status", pair.Access, nil), http.StatusOK)
			friend := actor.NewPerson(w.Auth.URL)
			link := w.invited(second, friend.Email, role.Admin)
			end(h, second)
			if page, err := friend.Browser.Get(w.t.Context(), link); err != nil || page.Status != http.StatusNotFound {
				w.t.Errorf("%s: the invitation still opens: %v %d", what, err, page.Status)
			}
			code := strings.TrimPrefix(link, "/join?code=")
			refused, err := (&actor.App{}).Call(w.t.Context(), http.MethodPost, w.Auth.URL+"/api/v1/auth/signup", "", map[string]any{
				"user": map[string]string{"email": friend.Email, "password": friend.Password}, "invite_code": code, "device": newDevice("phone"),
			})
			if err != nil || refused.Status != http.StatusForbidden {
				w.t.Errorf("%s: the invitation still lets somebody in: %v %s", what, err, refused)
			}
			if err := within(w.t.Context(), func() error {
				answer := w.call(http.MethodDelete, "/api/v1/users/reset", pair.Access, nil)
				if answer.Status == http.StatusForbidden || answer.Status == http.StatusUnauthorized {
					return nil
				}
				return want(answer, http.StatusForbidden, nil)
			}); err != nil {
				w.t.Errorf("%s: still an admin after a second: %v", what, err)
			}
		}
	})
}

// TestA6_AGuestChangesNothing sends what a guest must not do, with a token and with
// a key of scope read_write.
func TestA6_AGuestChangesNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		h := w.household()
		k := &keeper{world: w, person: h.people[role.Guest], token: h.tokens[role.Guest]}
		key := k.newKey("a guest's", "read_write", "web", nil)
		made, err := pairOf(w.login(h.people[role.Admin], "other phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		list := w.call(http.MethodGet, accounts, made.Access, nil)
		var all struct {
			Accounts []struct{ ID string }
		}
		if err := want(list, http.StatusOK, &all); err != nil || len(all.Accounts) == 0 {
			w.t.Fatalf("%v %s", err, list)
		}
		for _, header := range []http.Header{bearer(k.token), keyHeader(key.Key)} {
			target := w.API().URL + accounts
			wantStatus(w.t, w.send(http.MethodGet, target, header, ""), http.StatusOK)
			wantError(w.t, w.send(http.MethodDelete, target+"/"+all.Accounts[0].ID, header, ""), http.StatusForbidden, "forbidden")
			wantError(w.t, w.send(http.MethodDelete, w.API().URL+"/api/v1/users/reset", header, ""), http.StatusForbidden, "forbidden")
		}
		page := w.familyForm(h.people[role.Guest], h.people[role.Member], map[string]string{"action": "remove"})
		if page.Status != http.StatusForbidden {
			w.t.Errorf("a guest removes a member: %d", page.Status)
		}
		for _, action := range []map[string]string{
			{"action": "role", "role": role.Admin},
			{"action": "invite", "email": "x@example.com", "role": role.Admin},
			{"action": "rename", "family_name": "Mine"},
		} {
			for _, name := range []string{role.Guest, role.Member} {
				if page := w.familyForm(h.people[name], h.people[role.Member], action); page.Status != http.StatusForbidden && page.Status != http.StatusConflict {
					w.t.Errorf("%s %v: %d %s", name, action, page.Status, page.Text())
				}
			}
		}
	})
}

// TestA9_ARotationDoesNotStartTheLimitAnew counts the calls of a key that is
// rotated on the way.
func TestA9_ARotationDoesNotStartTheLimitAnew(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		key := k.newKey("turning", "read", "web", nil)
		use := func(key string) *actor.Answer {
			return w.send(http.MethodGet, w.API().URL+accounts, keyHeader(key), "")
		}
		for range 40 {
			wantStatus(w.t, use(key.Key), http.StatusOK)
		}
		next := k.read(k.manage(http.MethodPost, apiKeys+"/"+key.ID+"/rotate", members{"overlap": "1h"}), http.StatusCreated)
		for range 30 {
			wantStatus(w.t, use(key.Key), http.StatusOK)
			wantStatus(w.t, use(next.Key), http.StatusOK)
		}
		for _, one := range []string{key.Key, next.Key} {
			wantLimitExceeded(w.t, use(one))
		}
		wantStatus(w.t, k.manage(http.MethodDelete, apiKeys+"/"+next.ID, nil), http.StatusNoContent)
		again := k.newKey("new", "read", "web", nil)
		wantLimitExceeded(w.t, use(again.Key))
	})
}
