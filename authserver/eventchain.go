package authserver

// SealedEvent is an event with what proves it. Position 0: it is not sealed yet.
type SealedEvent struct {
	Event
	Mark     []byte // MAC of the event as the server wrote it; empty: it had no key
	Position int64  // in the chain, from 1 on
	Seal     []byte // MAC of position, the seal before, mark and family
}

// EventChain is where the chain of seals stands.
type EventChain struct {
	Position  int64 // of the last event
	Seal      []byte
	Swept     int64 // the position up to which events were swept
	SweptSeal []byte
	Mark      []byte // MAC of the fields before
	LoggedDay int    // the last day, in days since 1970, whose head was logged
}
