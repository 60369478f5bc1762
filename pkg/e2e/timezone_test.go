package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/role"
	"latchkey/pkg/testenv/actor"
)

const (
	zonePage = "/settings/family/time-zone"
	farEast  = "Pacific/Kiritimati" // UTC+14
)

// TestC8_TheTimeZoneIsOnThePages: an admin changes it, everybody in the family sees
// it, and the API's answers follow at once; and the other way round.
func TestC8_TheTimeZoneIsOnThePages(t *testing.T) {
	eachWorld(t, func(w *world) {
		h := w.household()
		const settings = "/api/v1/family_settings"
		w.call(http.MethodGet, settings, h.tokens[role.Guest], nil) // what a replica remembers of before
		admin := h.people[role.Admin]
		page := w.answer(admin.Browser, zonePage, map[string]string{"time_zone": farEast})
		if page.URL.RequestURI() != "/settings/family?done=time-zone" || !strings.Contains(page.Text(), "The time zone was changed.") {
			w.t.Fatalf("changing: %d %s", page.Status, page.Text())
		}
		said := w.call(http.MethodGet, settings, h.tokens[role.Guest], nil)
		if said.Text("time_zone") != farEast {
			w.t.Errorf("the API: %s", said)
		}
		for name, p := range h.people {
			shown := w.page(p, "/settings/family")
			if !strings.Contains(shown.Text(), farEast) || strings.Contains(shown.Body, zonePage) != (name == role.Admin) {
				w.t.Errorf("%s sees: %s", name, shown.Text())
			}
			if events := w.page(p, "/settings/activity?of=me").Text(); strings.Contains(events, "the household's time zone") != (name == role.Admin) {
				w.t.Errorf("activity of %s: %s", name, events)
			}
			if name == role.Admin {
				continue
			}
			forbidden := w.sendZone(p, "UTC")
			if forbidden.Status != http.StatusForbidden || w.page(p, zonePage).Status != http.StatusForbidden {
				w.t.Errorf("%s changes it: %d %s", name, forbidden.Status, forbidden.Text())
			}
		}
		wantStatus(w.t, w.call(http.MethodPatch, settings, h.tokens[role.Member], members{"family_settings": members{"time_zone": "Asia/Calcutta"}}), http.StatusOK)
		if chosen := w.page(admin, zonePage); !strings.Contains(chosen.Body, `<option value="Asia/Calcutta" selected>`) {
			w.t.Errorf("the form after a change by the API, of a zone that is no suggestion: %s", chosen.Text())
		}
	})
}

// sendZone posts the form without looking whether p is shown one.
func (w *world) sendZone(p *actor.Person, zone string) *actor.Page {
	w.t.Helper()
	form, err := w.page(p, "/settings/account").Form("csrf_token")
	if err != nil {
		w.t.Fatal(err)
	}
	page, err := p.Browser.Post(w.t.Context(), zonePage, url.Values{"csrf_token": {form.Values.Get("csrf_token")}, "time_zone": {zone}})
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// TestC8_WhatIsNoTimeZoneIsRefused, whatever is sent for it.
func TestC8_WhatIsNoTimeZoneIsRefused(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		for _, zone := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd", strings.Repeat("a", 20_000), "<b>é"} {
			page := w.sendZone(p, zone)
			if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "Time zone is not known") || strings.Contains(page.Body, "<b>é") {
				w.t.Errorf("%.30q: %d %s", zone, page.Status, page.Text())
			}
		}
		if text := w.page(p, "/settings/family").Text(); !strings.Contains(text, "UTC") {
			w.t.Errorf("afterwards: %s", text)
		}
	})
}

// TestC8_WithoutTheAPIThePageOfTheFamilyIsThere, and the form says that it cannot.
func TestC8_WithoutTheAPIThePageOfTheFamilyIsThere(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		p := w.person()
		form := w.page(p, zonePage)
		if err := w.API().Stop(); err != nil {
			w.t.Fatal(err)
		}
		family := w.page(p, "/settings/family")
		if family.Status != http.StatusOK || !strings.Contains(family.Text(), "look this up right now") || !strings.Contains(family.Text(), p.Email) {
			w.t.Errorf("the family: %d %s", family.Status, family.Text())
		}
		for _, page := range []int{w.page(p, zonePage).Status, w.submit(p, form, map[string]string{"time_zone": farEast}).Status} {
			if page != http.StatusServiceUnavailable {
				w.t.Errorf("the form: %d", page)
			}
		}
		if events := w.page(p, "/settings/activity").Text(); strings.Contains(events, "the household's time zone") {
			w.t.Errorf("what did not happen is told: %s", events)
		}
	})
}

// TestC8_WithoutTheAddressOfTheAPIThereIsNoTimeZone on the pages.
func TestC8_WithoutTheAddressOfTheAPIThereIsNoTimeZone(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: map[string]string{"AUTH_ERASURE_URL": "", "AUTH_ERASURE_SECRET": ""}}, func(w *world) {
		p := w.person()
		if text := w.page(p, "/settings/family").Text(); strings.Contains(text, "Time zone") || w.page(p, zonePage).Status != http.StatusNotFound {
			w.t.Errorf("nobody said where the data is: %s", text)
		}
	})
}

// TestNobodyOverwritesAnotherTimeZone: of two tabs the later one is told, and replaces
// knowingly.
func TestNobodyOverwritesAnotherTimeZone(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		first, second := w.page(p, zonePage), w.page(p, zonePage)
		send := func(page *actor.Page, zone string) *actor.Page {
			w.t.Helper()
			form, err := page.Form("time_zone", "seen")
			if err != nil {
				w.t.Fatal(err)
			}
			form.Values.Set("time_zone", zone)
			if page, err = p.Browser.Submit(w.t.Context(), page, form, "", ""); err != nil {
				w.t.Fatal(err)
			}
			return page
		}
		send(first, "Asia/Tokyo")
		told := send(second, farEast)
		if told.Status != http.StatusConflict || !strings.Contains(told.Text(), "As it is now: Asia/Tokyo") || !strings.Contains(told.Body, ` selected>`+farEast) {
			w.t.Fatalf("%d %s", told.Status, told.Text())
		}
		if shown := w.page(p, "/settings/family").Text(); !strings.Contains(shown, "Asia/Tokyo") {
			w.t.Errorf("overwritten: %s", shown)
		}
		if done := send(told, farEast); !strings.Contains(done.Text(), farEast) || done.Status != http.StatusOK {
			w.t.Errorf("knowingly: %d %s", done.Status, done.Text())
		}
	})
}
