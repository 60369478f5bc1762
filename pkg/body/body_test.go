package body

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/pkg/fault"
)

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

func request(t *testing.T, kind, text string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(text))
	r.Header.Set("Content-Type", kind)
	return r
}

func TestObject(t *testing.T) {
	for name, c := range map[string]struct {
		kind, text, want string
	}{
		"JSON":            {asJSON, `{"a":{"b":1.10,"c":null}}`, `{"a":{"b":1.10,"c":null}}`},
		"another JSON":    {"application/merge-patch+json; charset=utf-8", `{}`, `{}`},
		"form":            {asForm, "a[b]=1&a[c][]=2&a[c][]=3&d=4", `{"a":{"b":"1","c":["2","3"]},"d":"4"}`},
		"the last counts": {asForm, "a=1&a=2", `{"a":"2"}`},
		"JSON, twice":     {asJSON, `{"a":1,"a":2}`, `{"a":2}`},
	} {
		object, err := Object(request(t, c.kind, c.text), Limits{Bytes: 100})
		raw, _ := json.Marshal(object)
		if err != nil || string(raw) != c.want {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
}

func TestObjectRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		kind, text string
		want       fault.Kind
	}{
		"nothing":          {asJSON, "", fault.Malformed},
		"multipart":        {"multipart/form-data; boundary=x", "", fault.Unsupported},
		"text":             {"text/plain", "{}", fault.Unsupported},
		"no type":          {"", "{}", fault.Unsupported},
		"a list":           {asJSON, "[]", fault.Malformed},
		"two":              {asJSON, "{}{}", fault.Malformed},
		"cut off":          {asJSON, "{", fault.Malformed},
		"no UTF-8":         {asJSON, "{\"a\":\"\xff\"}", fault.Malformed},
		"form, no UTF-8":   {asForm, "a=%ff", fault.Malformed},
		"bad escape":       {asForm, "a=%zz", fault.Malformed},
		"value and group":  {asForm, "a=1&a[b]=2", fault.Malformed},
		"value and list":   {asForm, "a[b]=1&a[b][]=2", fault.Malformed},
		"no name":          {asForm, "[a]=1", fault.Malformed},
		"list in between":  {asForm, "a[][b]=1", fault.Malformed},
		"brackets astray":  {asForm, "a[b=1", fault.Malformed},
		"five levels deep": {asForm, "a[b][c][d][e]=1", fault.Malformed},
		"large":            {asJSON, `{"a":"` + strings.Repeat("x", 100) + `"}`, fault.TooLarge},
	} {
		object, err := Object(request(t, c.kind, c.text), Limits{Bytes: 100})
		if !fault.Is(err, c.want) || object != nil {
			t.Errorf("%s: %v, %v", name, object, err)
		}
	}
	if _, err := Object(request(t, "", ""), Limits{Bytes: 100}); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing at all: %v", err)
	}
}

// TestB1_ValuesAreCountedWhileReading: a body takes no memory for values beyond what
// was allowed.
func TestB1_ValuesAreCountedWhileReading(t *testing.T) {
	whole := func(part string, times int) string { return `{"a":[` + strings.Repeat(part+",", times) + `1]}` }
	for name, text := range map[string]string{
		"lists": whole("[]", 1_000_000), "objects": whole("{}", 1_000_000), "numbers": whole("1", 1_000_000), "texts": whole(`""`, 1_000_000),
		"members": whole(`{"a":1}`, 500_000), "names": `{` + strings.Repeat(`"a":1,`, 500_000) + `"a":1}`,
		"a long string": `{"a":"` + strings.Repeat("x", 3<<20) + `"}`, "a string without an end": `{"a":"` + strings.Repeat(`\"`, 2<<20),
		"deep": strings.Repeat(`{"a":`, 1_000_000), "deep lists": `{"a":` + strings.Repeat(`[`, 1_000_000),
	} {
		r := request(t, asJSON, text)
		object, err := Object(r, Limits{Bytes: 8 << 20, Values: 1000})
		if !fault.Is(err, fault.Malformed) || object != nil {
			t.Errorf("%s: %v", name, err)
		}
		allocated := testing.AllocsPerRun(1, func() {
			_, _ = JSON([]byte(text), 1000)
		})
		if allocated > 20_000 {
			t.Errorf("%s: %.0f allocations", name, allocated)
		}
	}
	if _, err := Object(request(t, asJSON, whole("[]", 1000)), Limits{Bytes: 8 << 20, Values: 1000}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := Object(request(t, asJSON, whole("[]", 997)), Limits{Bytes: 8 << 20, Values: 1003}); err != nil {
		t.Errorf("just enough: %v", err)
	}
}

// TestBytesTakesWhatArrives: of known length or not, and no more than the limit.
func TestBytesTakesWhatArrives(t *testing.T) {
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 300_000} {
		for _, length := range []int64{int64(size), -1, 0, 10 << 20} {
			r := request(t, asJSON, strings.Repeat("x", size))
			r.ContentLength = length
			if raw, err := Bytes(r, 300_000); err != nil || len(raw) != size {
				t.Errorf("%d of %d: %d, %v", size, length, len(raw), err)
			}
			if _, err := Bytes(request(t, asJSON, strings.Repeat("x", 300_001)), 300_000); !fault.Is(err, fault.TooLarge) {
				t.Errorf("too large: %v", err)
			}
		}
	}
}

func TestIntoIsStrict(t *testing.T) {
	type device struct {
		ID string `json:"id"`
	}
	type shape struct {
		Name   string   `json:"name"`
		Age    *int     `json:"age"`
		Scopes []string `json:"scopes"`
		Device device   `json:"device"`
	}
	for name, c := range map[string]struct{ kind, text string }{
		"JSON": {asJSON, `{"name":"a","scopes":["b"],"device":{"id":"c"}}`},
		"form": {asForm, "name=a&scopes[]=b&device[id]=c"},
	} {
		var got shape
		if err := Into(request(t, c.kind, c.text), 1000, &got); err != nil || !reflect.DeepEqual(got, shape{Name: "a", Scopes: []string{"b"}, Device: device{"c"}}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct{ kind, text string }{
		"null":             {asJSON, "null"},
		"unknown":          {asJSON, `{"admin":true}`},
		"wrong type":       {asJSON, `{"name":5}`},
		"twice":            {asJSON, `{"name":"a","name":"b"}`},
		"nested twice":     {asJSON, `{"device":{"id":"1","id":"2"}}`},
		"other letters":    {asJSON, `{"NAME":"a"}`},
		"NUL":              {asJSON, `{"name":"a\u0000"}`},
		"lone surrogate":   {asJSON, `{"name":"\ud800"}`},
		"form, twice":      {asForm, "name=a&name=b"},
		"form, unknown":    {asForm, "admin=true"},
		"form, too deep":   {asForm, "device[id][x]=1"},
		"form, wrong type": {asForm, "age=five"},
		"form, NUL":        {asForm, "name=%00"},
	} {
		var got shape
		err := Into(request(t, c.kind, c.text), 1000, &got)
		if !fault.Is(err, fault.Malformed) || strings.Contains(err.Error(), "five") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"a[b]=1", "a[b][]=1&a[b][]=2", "a=1&a[b]=2", "[=1", "a[]=x", "%ff=%ff", "a[b][c][d]=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		object, err := parseForm(text, false)
		if err != nil {
			return
		}
		if once, err := parseForm(text, true); err == nil && !reflect.DeepEqual(once, object) {
			t.Fatalf("%q is %v, and read once %v", text, object, once)
		}
		raw, err := json.Marshal(object)
		if err != nil || !utf8.Valid(raw) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
