// Package actor plays the people and applications that use the services, over
// HTTP: a browser without a screen that follows forms and redirects, a person
// who signs up and decides at it, a device with passkeys, an OAuth client.
package actor
