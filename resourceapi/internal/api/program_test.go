package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/pkg/httpserver"
)

// program is what answers.
var program = httpserver.Program{Version: "1.2.3", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

// The authorization server is told which program answers, and nobody else is.
func TestOnlyWhoHasTheSecretIsToldTheVersion(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c, operator := s.family(), &caller{s: s, header: http.Header{}}
		secret, path := []string{"Authorization", "Bearer " + erasureSecret}, "/internal/families/"+uuid.NewString()
		for _, below := range []string{"", "/export"} {
			if got := httpserver.ProgramOf(operator.do("GET", path+below, nil, secret...).want(200).header); got != program {
				t.Errorf("%q: %+v", below, got)
			}
		}
		for who, answer := range map[string]result{
			"nobody": operator.do("GET", path, nil), "a wrong secret": operator.do("GET", path, nil, "Authorization", "Bearer wrong"),
			"a member": c.do("GET", path, nil), "a member elsewhere": c.get("/api/v1/family_settings"), "no route": operator.do("GET", "/internal", nil, secret...),
		} {
			if got := httpserver.ProgramOf(answer.header); got != (httpserver.Program{}) {
				t.Errorf("%s is told %+v", who, got)
			}
		}
	})
}
