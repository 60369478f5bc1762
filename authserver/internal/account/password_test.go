package account

import (
	"context"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

func TestPasswordHashes(t *testing.T) {
	h := newHasher(4, HashCost{})
	phc, err := h.hash(t.Context(), "Secret-1234!")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s %v", phc, err)
	}
	other, _ := h.hash(t.Context(), "Secret-1234!")
	if other == phc {
		t.Error("two hashes of one password are equal")
	}
	for password, want := range map[string]bool{"Secret-1234!": true, "secret-1234!": false, "": false, strings.Repeat("x", authserver.MaxPassword+1): false} {
		if ok, outdated := h.matches(phc, password); ok != want || ok && outdated {
			t.Errorf("%.20q: %v, outdated %v", password, ok, outdated)
		}
	}
	// t=1, m=64, p=1 of "password"; whoever signs in with it gets a new hash.
	old := "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
	for _, damaged := range []string{
		"", "x", old, old + "!", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=999999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", h.dummy[:20],
	} {
		if ok, _ := h.matches(damaged, "x"); ok {
			t.Errorf("%q matched", damaged)
		}
	}
	weak := "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"
	if _, outdated := h.matches(weak, "x"); !outdated {
		t.Error("old parameters are not noticed")
	}
}

func TestTheCostOfHashesIsASetting(t *testing.T) {
	before := newHasher(4, HashCost{Memory: 64, Passes: 1})
	old, err := before.hash(t.Context(), "Secret-1234!")
	if err != nil || !strings.HasPrefix(old, "$argon2id$v=19$m=64,t=1,p=1$") || !strings.HasPrefix(before.dummy, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("%s, dummy %s, %v", old, before.dummy, err)
	}
	if ok, outdated := before.matches(old, "Secret-1234!"); !ok || outdated {
		t.Errorf("%v, outdated %v", ok, outdated)
	}
	if ok, outdated := newHasher(4, HashCost{Memory: 128, Passes: 1}).matches(old, "Secret-1234!"); !ok || !outdated {
		t.Errorf("after a change of the setting: %v, outdated %v", ok, outdated)
	}
}

func TestHashQueueIsBounded(t *testing.T) {
	h := newHasher(1, HashCost{})
	var held []func()
	for range cap(h.turns) {
		release, err := h.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, release)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := h.turn(ctx)
		waiting <- err
	}()
	for len(h.queue) < cap(h.queue) {
		// until the one above waits
	}
	if _, err := h.turn(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("beyond the queue: %v", err)
	}
	cancel()
	if err := <-waiting; !fault.Is(err, fault.Unavailable) {
		t.Errorf("who stopped waiting: %v", err)
	}
	for _, release := range held {
		release()
	}
	if len(h.queue) != 0 || len(h.turns) != 0 {
		t.Error("a turn was not given back")
	}
}

func TestSealer(t *testing.T) {
	first, second := NewSealKey(), NewSealKey()
	old, err := NewSealer(first)
	if err != nil {
		t.Fatal(err)
	}
	sealed := old.seal([]byte("secret"), "ada")
	if plain, outdated, err := old.open(sealed, "ada"); string(plain) != "secret" || outdated || err != nil {
		t.Errorf("%q %v %v", plain, outdated, err)
	}
	if _, _, err := old.open(sealed, "bob"); err == nil {
		t.Error("sealed for ada, opened for bob")
	}
	changed, err := NewSealer(second, first)
	if err != nil {
		t.Fatal(err)
	}
	if plain, outdated, err := changed.open(sealed, "ada"); string(plain) != "secret" || !outdated || err != nil {
		t.Errorf("after a change of keys: %q %v %v", plain, outdated, err)
	}
	stranger, _ := NewSealer(second)
	for _, damaged := range [][]byte{nil, sealed[:3], sealed[:10], append(sealed[:len(sealed)-1:len(sealed)-1], 0)} {
		if _, _, err := changed.open(damaged, "ada"); err == nil {
			t.Errorf("opened %x", damaged)
		}
	}
	if _, _, err := stranger.open(sealed, "ada"); err == nil {
		t.Error("opened without the key")
	}
	for _, bad := range []string{"", "short", strings.Repeat("a", 63), strings.Repeat("z", 64)} {
		if _, err := NewSealer(bad); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
	if _, err := NewSealer(strings.Repeat("0f", 32)); err != nil {
		t.Errorf("hex: %v", err)
	}
}
