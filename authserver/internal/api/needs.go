package api

import (
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/role"
	"latchkey/pkg/scope"
)

// What endpoints need of their callers. An application that a person allowed
// reaches the household's data. It does not manage the person's API keys and
// devices. All of it is the caller's own account, which every role looks after. An API key manages no keys: whoever steals one must not be able to make
// another.
var (
	writer = guard.Requirement{Right: role.OwnAccount, Scope: scope.ReadWrite}

	// Who asks about their own credential, whatever resource it is for.
	anybody  = guard.Requirement{Right: role.OwnAccount, Scope: scope.Read, AnyResource: true}
	anyToken = guard.Requirement{Right: role.OwnAccount, Scope: scope.Read, AnyResource: true, OnlyTokens: errNoToken}

	ownAppReader = guard.Requirement{Right: role.OwnAccount, Scope: scope.Read, OnlyOwnApps: errOwnApps}
	ownAppWriter = guard.Requirement{Right: role.OwnAccount, Scope: scope.ReadWrite, OnlyOwnApps: errOwnApps}

	keyReader = guard.Requirement{Right: role.OwnAccount, Scope: scope.Read, OnlyTokens: errKeysByKey, OnlyOwnApps: errKeysByOthers}
	keyWriter = guard.Requirement{Right: role.OwnAccount, Scope: scope.ReadWrite, OnlyTokens: errKeysByKey, OnlyOwnApps: errKeysByOthers}
)

var (
	errOwnApps      = fault.New(fault.Forbidden, "You are not authorized to perform this action")
	errNoToken      = fault.New(fault.Forbidden, "Only access tokens can be asked about here")
	errKeysByKey    = fault.New(fault.Forbidden, "An API key cannot manage API keys. Use an access token, or sign in and go to Settings")
	errKeysByOthers = guard.InsufficientScope("API keys are managed by the product's own apps and pages only")
)
