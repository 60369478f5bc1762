package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/pkg/fault"
)

// TestWhatNobodyClassifiedIsInternal, and wrapping keeps a kind.
func TestWhatNobodyClassifiedIsInternal(t *testing.T) {
	gone := fault.New(fault.NotFound, "gone")
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{errors.New("plain"), fault.Internal},
		{gone, fault.NotFound},
		{fmt.Errorf("find: %w", gone), fault.NotFound},
		{errors.Join(errors.New("plain"), gone), fault.NotFound},
		{fault.Wrap(fault.Conflict, gone, "taken"), fault.Conflict},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%v is %s, not %s", c.err, got, c.want)
		}
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("no error is a fault")
	}
}

// TestChangesAreMadeOfACopy: errors are package variables, and answers add to them.
func TestChangesAreMadeOfACopy(t *testing.T) {
	base := fault.Newf(fault.Invalid, "rule %d", 1).WithField("a", 1)
	cause := errors.New("secret of the log")
	changed := base.WithCode("code").WithErrors("one", "two").WithDetails(2).WithField("b", 2).WithRetryAfter(time.Second).WithCause(cause)

	if base.Code != "" || base.Errors != nil || base.Details != nil || len(base.Fields) != 1 || base.RetryAfter != 0 || errors.Is(base, cause) {
		t.Errorf("the first one changed: %#v", base)
	}
	if changed.Code != "code" || len(changed.Errors) != 2 || changed.Details != 2 || changed.Fields["a"] != 1 || changed.Fields["b"] != 2 ||
		changed.RetryAfter != time.Second || !errors.Is(changed, cause) {
		t.Errorf("a change was lost: %#v", changed)
	}
	if changed.Message != "rule 1" { // what callers may see; Error is for the log
		t.Errorf("the message became %q", changed.Message)
	}
	if got, want := changed.Error(), "invalid: rule 1: secret of the log"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// TestKindsHaveNames, the one that does not exist too.
func TestKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Unsupported; k++ {
		if name := k.String(); name == "unknown" || seen[name] {
			t.Errorf("kind %d is %q", k, name)
		} else {
			seen[name] = true
		}
	}
	if got := fault.Kind(200).String(); got != "unknown" {
		t.Errorf("%q", got)
	}
}
