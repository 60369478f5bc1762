package described

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const example = `
openapi: 3.1.0
info: {title: Example, version: "1"}
paths:
  /api/v1/cats:
    post:
      requestBody:
        content:
          application/json: {schema: {type: object, additionalProperties: false, required: [name], properties: {name: {type: string}}}}
      responses:
        '201':
          description: made
          content: {application/json: {schema: {type: object, additionalProperties: false, required: [id], properties: {id: {type: integer}}}}}
        '4XX': {description: refused}
`

func TestDriftIsReported(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	d := File(file)
	for name, c := range map[string]struct {
		path, sent string
		status     int
		got, want  string
	}{
		"as described":         {"/api/v1/cats", `{"name":"a"}`, 201, `{"id":1}`, ""},
		"a missing member":     {"/api/v1/cats", `{"name":"a"}`, 201, `{}`, "answer is not as described"},
		"a further member":     {"/api/v1/cats", `{"name":"a"}`, 201, `{"id":1,"secret":"x"}`, "answer is not as described"},
		"another type":         {"/api/v1/cats", `{"name":"a"}`, 201, `{"id":"1"}`, "answer is not as described"},
		"another status":       {"/api/v1/cats", `{"name":"a"}`, 500, `{}`, "answer is not as described"},
		"accepted, undeclared": {"/api/v1/cats", `{"name":"a","age":1}`, 201, `{"id":1}`, "accepted"},
		"refused, undeclared":  {"/api/v1/cats", `{"age":1}`, 400, `{}`, ""},
		"no such path":         {"/api/v1/dogs", `{}`, 201, `{}`, "is not described"},
		"not found":            {"/api/v1/dogs", `{}`, 404, `{}`, ""},
		"a page":               {"/settings", ``, 200, ``, ""},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+c.path, nil)
		req.Header.Set("Content-Type", "application/json")
		res := &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {"application/json"}}}
		err := d.check(req, []byte(c.sent), res, []byte(c.got))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
