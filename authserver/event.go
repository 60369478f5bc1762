package authserver

// Names of the things worth auditing: the value of "event" on their log line.
const (
	EventSignup         = "signup"
	EventSignin         = "signin"
	EventSigninFailed   = "signin.failed"
	EventSignout        = "signout"
	EventConsentGiven   = "consent.given"
	EventConsentRevoked = "consent.revoked"
	EventChainOpened    = "chain.opened"
	EventChainEnded     = "chain.ended"
	EventClientCreated  = "client.created"
	EventClientRotated  = "client.rotated"
	EventClientDeleted  = "client.deleted"
	EventClientRefused  = "client.refused"
	EventKeyCreated     = "apikey.created"
	EventKeyRevoked     = "apikey.revoked"
	EventKeyRotated     = "apikey.rotated"
)
