package account

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
)

// Store is what the use cases need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	users
	families
	signins
	browsers
	devices
	secondFactors
	invites
	links
	outbox
}

type users interface {
	CreateUser(ctx context.Context, u *authserver.User) error
	SetOperator(ctx context.Context, userID string, on bool) (bool, error)
	ClaimOperator(ctx context.Context, userID string, now time.Time) (bool, error)
	FindUser(ctx context.Context, id string) (*authserver.User, error)
	FindUserByEmail(ctx context.Context, email string) (*authserver.User, error)
	LockUser(ctx context.Context, u *authserver.User) error
	HoldUser(ctx context.Context, id string) error
	ReplacePassword(ctx context.Context, userID, old, hash string, chosen *time.Time) (bool, error)
	SetLanguage(ctx context.Context, userID, language string) error
	SetPreferences(ctx context.Context, userID string, p authserver.Preferences) error
	SetAIEnabled(ctx context.Context, userID string, on bool) error
	Deactivate(ctx context.Context, userID string, keepEmail bool, now time.Time) (bool, error)
	Reactivate(ctx context.Context, userID string) error
	OwnedClients(ctx context.Context, userID string) ([]string, error)
	DisableOwnedClients(ctx context.Context, userID string, at time.Time) error
	EnableOwnedClients(ctx context.Context, userID string, at time.Time) error
	DeleteOwnedClients(ctx context.Context, userID string) error
	DeleteConsents(ctx context.Context, userID string) error
	ForgetUser(ctx context.Context, userID string, now time.Time) error
	CreateDeletionLink(ctx context.Context, userID string, digest secret.Digest, expires time.Time) error
	FindDeletion(ctx context.Context, digest secret.Digest, now time.Time) (*authserver.Deletion, error)
	CloseUser(ctx context.Context, userID string, now, eraseAt time.Time) (bool, error)
	RestoreUser(ctx context.Context, userID string, now time.Time) (bool, error)
	ListErasable(ctx context.Context, now time.Time) ([]string, error)
	ClaimErasure(ctx context.Context, userID string, now time.Time) (bool, error)
	CountClosed(ctx context.Context, familyID string) (int, error)
	SuspendWaysIn(ctx context.Context, userID string, now time.Time) error
	ListSuspended(ctx context.Context, userID string) ([]authserver.Passkey, []authserver.Identity, error)
	RestorePasskey(ctx context.Context, userID, id string) error
	RestoreIdentity(ctx context.Context, userID, id string) error
	DeleteSuspended(ctx context.Context, userID string) error
	EndReview(ctx context.Context, userID string) (bool, error)
}

type families interface {
	CreateFamily(ctx context.Context, f authserver.Family) error
	LockFamily(ctx context.Context, id string) error
	RenameFamily(ctx context.Context, id, name string) error
	ForgetFamily(ctx context.Context, id string) error
	ListMembers(ctx context.Context, familyID string) ([]authserver.User, error)
	ListAway(ctx context.Context, familyID string) ([]authserver.User, error)
	MoveUser(ctx context.Context, userID, familyID, role string) error
}

type signins interface {
	NoteSignin(ctx context.Context, userID string, at time.Time, with string) error
	CreateSignin(ctx context.Context, s *authserver.Signin) error
	FindSignin(ctx context.Context, cookie secret.Digest, clientID string, now time.Time, idle time.Duration) (*authserver.Signin, error)
	ListSignins(ctx context.Context, userID string, now time.Time, idle time.Duration) ([]authserver.Signin, error)
	ConfirmSignin(ctx context.Context, cookie secret.Digest, now time.Time) error
	StampSignin(ctx context.Context, cookie secret.Digest, now time.Time) error
	EndSignin(ctx context.Context, cookie secret.Digest, now time.Time) (*authserver.Signin, error)
	EndSigninByID(ctx context.Context, userID, id string, now time.Time) (bool, error)
	EndSignins(ctx context.Context, userID, except string, now time.Time) error
	SetUnfamiliar(ctx context.Context, userID, id string, on bool) (bool, error)
	CreatePendingSignin(ctx context.Context, token secret.Digest, u *authserver.User, now, expires time.Time) error
	FindPendingSignin(ctx context.Context, token secret.Digest, now time.Time) (*authserver.User, error)
	TakePendingSignin(ctx context.Context, token secret.Digest) error
	DeletePendingSignins(ctx context.Context, userID string, now time.Time) error
}

type browsers interface {
	KnowsBrowser(ctx context.Context, browser secret.Digest, email string) (bool, error)
	KnowBrowser(ctx context.Context, browser secret.Digest, userID string, now time.Time) (fresh bool, err error)
	ForgetAnnouncements(ctx context.Context, userID string) error
}

type devices interface {
	SaveDevice(ctx context.Context, d *authserver.Device) error
	ListDevices(ctx context.Context, userID string) ([]authserver.Device, error)
	EndDevice(ctx context.Context, userID, id string, now time.Time) (bool, error)
	EndDevices(ctx context.Context, userID string, now time.Time) error
	StampDevice(ctx context.Context, grantID string, now time.Time) error
	DeviceOfRefreshToken(ctx context.Context, handle secret.HandleDigest) (string, error)
	GrantOpenedAt(ctx context.Context, grantID string) (time.Time, error)
	DeviceOfGrant(ctx context.Context, grantID string) (string, error)
}

type secondFactors interface {
	SaveSecondFactorSetup(ctx context.Context, f authserver.SecondFactorSetup, now time.Time) error
	FindSecondFactorSetup(ctx context.Context, signinID string, now time.Time) (*authserver.SecondFactorSetup, error)
	DeleteSecondFactorSetup(ctx context.Context, signinID string) error
	FindSecondFactor(ctx context.Context, userID string) (*authserver.SecondFactor, error)
	CreateSecondFactor(ctx context.Context, f authserver.SecondFactor, now time.Time) (bool, error)
	ClaimStep(ctx context.Context, userID string, step int64) (bool, error)
	DropUnconfirmedFactor(ctx context.Context, userID string) error
	DeleteSecondFactor(ctx context.Context, userID string) error
	ReplaceRecoveryCodes(ctx context.Context, userID string, codes []secret.Digest, now time.Time) error
	ClaimRecoveryCode(ctx context.Context, userID string, code secret.Digest, now time.Time) (bool, error)
	CountRecoveryCodes(ctx context.Context, userID string) (int, error)
	ListSecondFactors(ctx context.Context) ([]authserver.SecondFactor, error)
	ResealSecondFactor(ctx context.Context, userID string, old, sealed []byte) error
	DropSecondFactorSecret(ctx context.Context, userID string) error
	AddKeyProof(ctx context.Context, sealed []byte) error
	FindKeyProof(ctx context.Context) ([]byte, error)
	SetKeyProof(ctx context.Context, sealed []byte) error
}

type invites interface {
	CreateInvite(ctx context.Context, i authserver.Invite) error
	InviteOpen(ctx context.Context, code secret.Digest, email string, now time.Time) (bool, error)
	ClaimInvite(ctx context.Context, code secret.Digest, email, userID string, now time.Time) (bool, error)
	ListInvites(ctx context.Context) ([]authserver.Invite, error)
	RevokeInvite(ctx context.Context, id string, now time.Time) (bool, error)
	CreateInvitation(ctx context.Context, i authserver.Invitation) error
	FindInvitation(ctx context.Context, code secret.Digest, now time.Time) (*authserver.Invitation, error)
	ListInvitations(ctx context.Context, familyID string, now time.Time) ([]authserver.Invitation, error)
	ClaimInvitation(ctx context.Context, code secret.Digest, email, userID string, now time.Time) (bool, error)
	RevokeInvitation(ctx context.Context, familyID, id string, now time.Time) (bool, error)
	MailInvitation(ctx context.Context, id string, code secret.Digest, now time.Time) (time.Time, error)
	RevokeInvitationsBy(ctx context.Context, userID string, now time.Time) error
}

type links interface {
	CreateLink(ctx context.Context, l authserver.Link) error
	FindLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (*authserver.Link, *authserver.User, error)
	ClaimLink(ctx context.Context, kind string, digest secret.Digest, now time.Time) (bool, error)
	VoidLinks(ctx context.Context, userID string, now time.Time) error
	VoidHandedOut(ctx context.Context, userID string, now time.Time) error
}

type outbox interface {
	AddOutboxMessage(ctx context.Context, m authserver.OutboxMessage) error
	ClaimOutboxMessage(ctx context.Context, kind string, now, again time.Time) (*authserver.OutboxMessage, error)
	PostponeOutboxMessage(ctx context.Context, id string, next time.Time, failure string) error
	KeepOutboxMessage(ctx context.Context, id string, now time.Time) error
	FinishOutboxMessage(ctx context.Context, id string) error
	CountEmail(ctx context.Context, userID, kind string, now, since time.Time, most int) (bool, error)
	NameOf(ctx context.Context, e *authserver.Event) (string, error)
}

// Keys revokes API keys.
type Keys interface {
	// RevokeAll revokes every key of a user, in the transaction of ctx.
	RevokeAll(ctx context.Context, userID, reason string) error
}

// Limiter counts attempts: a ratelimit.Limiter.
type Limiter interface {
	Allow(ctx context.Context, counts ...ratelimit.Count) ([]ratelimit.Result, error)
	Peek(ctx context.Context, counts ...ratelimit.Count) ([]ratelimit.Result, error)
}
