package api_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

func TestC4_OneSpellingInJSON(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		body := signup("a@b\u00fccher.example")
		body["user"].(object)["password"] = "Zo\u00eb-1234!" //nolint:forcetypeassert // it is made two lines above
		if a := s.post(t, "/api/v1/auth/signup", body); a.Status != http.StatusCreated || !strings.Contains(a.Raw, `"email":"a@xn--bcher-kva.example"`) {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
		for email, password := range map[string]string{
			"A@bu\u0308cher.example": "Zoe\u0308-1234!", "a@xn--bcher-kva.example": "Zo\u00eb-1234!", "a@b\u00fccher\u3002example": "Zo\u00eb-1234!",
		} {
			a := s.post(t, "/api/v1/auth/login", object{"email": email, "password": password, "device": device("d1")})
			if a.Status != http.StatusOK {
				t.Errorf("%+q with %+q: %d %s", email, password, a.Status, a.Raw)
			}
		}
		_, codes := s.secondFactor(t, "a@xn--bcher-kva.example")
		a := s.post(t, "/api/v1/auth/login", object{
			"email": "a@b\u00fccher.example", "password": "Zo\u00eb-1234!", "otp_code": strings.ReplaceAll(codes[0], "-", "\u00a0"), "device": device("d1"),
		})
		if a.Status != http.StatusOK {
			t.Errorf("a code with other blanks: %d %s", a.Status, a.Raw)
		}
	})
}

func TestA12_GuessablePasswordsInJSON(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	for password, reason := range map[string]string{
		"Password1!": "Password is among the most common ones",
		"Ada-ada1!A": "", // a name of three letters is no name
		"Byron1815!": "Password must not be just your email address with digits or symbols around it",
	} {
		body := signup("byron@example.com")
		body["user"].(object)["password"] = password //nolint:forcetypeassert // signup makes it
		a := s.post(t, "/api/v1/auth/signup", body)
		if reason == "" && a.Status != http.StatusCreated || reason != "" && (a.Status != http.StatusUnprocessableEntity || a.Raw != `{"errors":["`+reason+`"]}`) {
			t.Errorf("%s: %d %s", password, a.Status, a.Raw)
		}
	}
}

// TestE5_ErrorsNameTheField that is misspelt, unknown or of the wrong kind, and repeat
// nothing that may be more than a name.
func TestE5_ErrorsNameTheField(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	for body, names := range map[string]string{
		`{"emial":"a@example.com"}`:                  "emial is not known here: email is",
		`{"Email":"a@example.com"}`:                  "Email is not known here: email is",
		`{"email":5}`:                                "email must be a string",
		`{"device":{"device_idd":"x"}}`:              "device_idd is not known here: device_id is",
		`{"device":{"device_id":[]}}`:                "device.device_id must be a string",
		`{"device":"x"}`:                             "device must be an object",
		`{"colour":"red"}`:                           "colour is not known here",
		`{"email":"a@example.com","email":"b"}`:      "a field comes twice",
		`[]`:                                         "it is no JSON object",
		`{"a b":1}`:                                  "a field is not known here",
		`{"` + strings.Repeat("x", 65) + `":"hush"}`: "a field is not known here",
		`{"email":"a\u0000"}`:                        "a string holds NUL",
	} {
		a := s.send(t, http.MethodPost, "/api/v1/auth/login", "application/json", []byte(body))
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Raw, names) || strings.Contains(a.Raw, "hush") {
			t.Errorf("%s: %d %s", body, a.Status, a.Raw)
		}
	}
	form := s.send(t, http.MethodPost, "/api/v1/auth/login", "application/x-www-form-urlencoded", []byte(`{"email":"a@example.com","password":"hush"}`))
	if form.Status != http.StatusBadRequest || strings.Contains(form.Raw, "hush") {
		t.Errorf("JSON sent as a form: %d %s", form.Status, form.Raw)
	}
}
