package httpserver_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/httpserver"
)

func TestAnswersHaveTheDateOfTheirSecond(t *testing.T) {
	var now atomic.Int64
	f := serve(t, func(c *httpserver.Chain) { c.Now = func() time.Time { return time.UnixMilli(now.Load()) } }, func(r *mux.Router) {
		r.Path("/").Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	})
	for _, c := range []struct {
		at   int64
		want string
	}{
		{1_000_000_000_100, "Sun, 09 Sep 2001 01:46:40 GMT"},
		{1_000_000_000_900, "Sun, 09 Sep 2001 01:46:40 GMT"},
		{1_000_000_001_000, "Sun, 09 Sep 2001 01:46:41 GMT"},
		{1_000_000_000_999, "Sun, 09 Sep 2001 01:46:40 GMT"},
	} {
		now.Store(c.at)
		if res, _ := f.do(t, http.MethodGet, "/", ""); res.Header.Get("Date") != c.want {
			t.Errorf("at %d: %s, want %s", c.at, res.Header.Get("Date"), c.want)
		}
	}
}
