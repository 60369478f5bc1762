package authserver

import (
	"context"

	"latchkey/pkg/fault"
)

// Admission is what let a request in: the sign-in of a browser, or a grant. What is
// made for good in the request's name is made only while that has not ended.
type Admission struct {
	SigninID string // "": no browser
	GrantID  string // "": no application
}

// ErrNotAdmitted refuses a request whose sign-in or grant has ended since it was let in.
var ErrNotAdmitted = fault.New(fault.Unauthenticated, "You are no longer signed in. Reload the page.")

type admissionKey struct{}

// Admitted says what has let in the request that ctx belongs to.
func Admitted(ctx context.Context, by Admission) context.Context {
	return context.WithValue(ctx, admissionKey{}, by)
}

// AdmissionOf is what Admitted said; zero: the program itself asks, or somebody who is
// not signed in yet.
func AdmissionOf(ctx context.Context) Admission {
	by, _ := ctx.Value(admissionKey{}).(Admission)
	return by
}
