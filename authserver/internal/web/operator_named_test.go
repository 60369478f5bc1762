package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
)

var decisiveButton = regexp.MustCompile(`(?s)<button class="button (?:destroy|primary)" type="submit">(.*?)</button>`)

// TestButtonsNameWhatTheyAreAbout: whoever confirms reads on the button what happens, and
// to whom, in either language. The name is kept apart from the direction of the words.
func TestButtonsNameWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	s := newSite(t, testenv.Embedded, settings(), withOperator, withKeys)
	boss, sam := signedUp(t, s), signedUp(t, s)
	const called = "Sam \u05d0"
	name := "<bdi>" + called + "</bdi>"
	fill(t, sam.Browser, open(t, sam.Browser, "/settings/account"), map[string]string{"first_name": called, "last_name": ""})
	s.allowed(t, sam.Email, authserver.Client{ID: "shelf", Name: called, RedirectURIs: []string{"https://app.example/cb"}, Introduced: authserver.IntroducedByRegistration})
	_, key := makeKey(t, sam.Browser, called)
	person, client := "/operator/people/"+userID(t, boss, sam)+"/", func(act string) string {
		return "/operator/applications/one/" + act + "?" + url.Values{"client": {"shelf"}}.Encode()
	}
	anyKey := "/operator/keys/" + strings.TrimPrefix(key, "/settings/api_keys/") + "/"
	for _, language := range []string{"en", "de"} {
		answer(t, boss.Browser, "/preferences", map[string]string{"language": language})
		answer(t, sam.Browser, "/preferences", map[string]string{"language": language})
		for path, want := range map[string][2]string{
			person + "reset-link":    {"Create link for NAME", "Link für NAME erstellen"},
			person + "sign-out":      {"End all sign-ins of NAME", "Alle Anmeldungen von NAME beenden"},
			person + "second-factor": {"Reset second factor of NAME", "Zweiten Faktor von NAME zurücksetzen"},
			person + "appoint":       {"Make NAME an operator", "NAME zum Betreiber machen"},
			person + "dismiss":       {"Remove NAME as an operator", "NAME als Betreiber entfernen"},
			person + "reactivate":    {"Reactivate NAME", "NAME reaktivieren"},
			person + "deactivate":    {"Deactivate NAME", "NAME deaktivieren"},
			client("verify"):         {"Verify NAME", "NAME als geprüft kennzeichnen"},
			client("unverify"):       {"Withdraw verification of NAME", "Prüfung von NAME zurücknehmen"},
			client("rotate"):         {"Create new secret for NAME", "Neues Secret für NAME erzeugen"},
			client("enable"):         {"Switch NAME on", "NAME einschalten"},
			client("disable"):        {"Switch NAME off", "NAME ausschalten"},
			client("delete"):         {"Delete NAME", "NAME löschen"},
			client("logo/remove"):    {"Remove logo of NAME", "Logo von NAME entfernen"},
			anyKey + "tier":          {"Change tier of NAME", "Stufe von NAME ändern"},
			anyKey + "revoke":        {"Revoke NAME", "NAME widerrufen"},
			key + "/revoke":          {"Revoke NAME", "NAME widerrufen"},
		} {
			b, says := boss.Browser, want[0]
			if strings.HasPrefix(path, "/settings") {
				b = sam.Browser
			}
			if language == "de" {
				says = want[1]
			}
			page := open(t, b, path)
			says = strings.Replace(says, "NAME", name, 1)
			if button := decisiveButton.FindStringSubmatch(page.Body); button == nil || button[1] != "<span>"+says+"</span>" {
				t.Errorf("%s: the button is %q, not %q", path, button, says)
			}
			if !strings.Contains(page.Heading(), called) || strings.HasPrefix(path, "/operator") && !regexp.MustCompile(`<h1>[^<]*`+name).MatchString(page.Body) {
				t.Errorf("%s: the heading is %q", path, page.Heading())
			}
		}
	}
}
