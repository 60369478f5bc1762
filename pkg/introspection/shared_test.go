package introspection

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filled returns an answer whose every field has a value of its own, those
// added later included.
func filled(t testing.TB) Answer {
	var a Answer
	v := reflect.ValueOf(&a).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString(fmt.Sprintf("text %d é", i))
		case reflect.Int64:
			f.SetInt(-int64(i) * 1_000_000_007)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"10.0.0.0/8", ""}))
		default:
			t.Fatalf("a field of kind %v", f.Kind())
		}
	}
	return a
}

func TestSharedFormKeepsEveryField(t *testing.T) {
	for _, a := range []Answer{filled(t), {Active: true}} {
		got, err := decodeShared(encodeShared(a))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, got); d != "" {
			t.Error(d)
		}
	}
}

func TestSharedFormReadsTombstones(t *testing.T) {
	got, err := decodeShared([]byte(`{"active":false,"reason":"user_deactivated","user_id":"u"}`))
	if d := cmp.Diff(Answer{Reason: ReasonDeactivated}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for _, raw := range []string{"", `{"active":true,"user_id":"u"}`, "\x01", "\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", askAgain} {
		if a, err := decodeShared([]byte(raw)); err == nil || a.Active {
			t.Errorf("%q was read as %+v", raw, a)
		}
	}
}

func FuzzDecodeShared(f *testing.F) {
	f.Add(encodeShared(filled(f)))
	f.Add([]byte(`{"active":false}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := decodeShared(raw)
		if err != nil && a.Active {
			t.Error("active with an error")
		}
		if err == nil && a.Active {
			if again, err := decodeShared(encodeShared(a)); err != nil || !cmp.Equal(a, again) {
				t.Errorf("%+v became %+v, %v", a, again, err)
			}
		}
	})
}

func BenchmarkDecodeShared(b *testing.B) {
	raw := encodeShared(filled(b))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = decodeShared(raw)
	}
}
