// Package load runs two replicas of each service behind one origin and keeps them
// busy as people and applications do, in an open loop: what is due is sent,
// whether or not the answers before have come. It keeps a ledger of what was
// acknowledged, and of what was taken back.
package load
