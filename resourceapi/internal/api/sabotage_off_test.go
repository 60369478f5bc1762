//go:build !sabotage

package api_test

const sabotaged = false
