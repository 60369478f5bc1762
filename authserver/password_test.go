package authserver_test

import (
	"testing"

	"latchkey/authserver"
)

func TestGuessablePasswords(t *testing.T) {
	owner := &authserver.User{Email: "ada.byron99@example.com", FirstName: "Ada", LastName: "Lovelace"}
	const (
		common  = "Password is among the most common ones"
		name    = "Password must not be just your name with digits or symbols around it"
		address = "Password must not be just your email address with digits or symbols around it"
		product = "Password must not be just the name of this product with digits or symbols around it"
	)
	for password, want := range map[string]string{
		"Password1!": common, "P@ssw0rd": common, "Qwerty123!": common, "!QAZ2wsx": common, "Passw0rd!!!": common, "Welcome1!": common,
		"Lovelace1!": name, "1815:LoveLace!": name, "AdaLovelace1!": name, "Ada Lovelace 1!": name,
		"Ada.Byron99!": address, "Ada.Byron1!": address, "Ada.byron99@Example.com": address, "!Ada.byron99@example.Com1": address,
		"Latchkey1!": product, "99-LATCHkey-99!": product,
		"Ada-123456!": "", "Lovelace-1-Byron!": "", "Secret-1234!": "", "Correct-horse-1!": "", "Latchkeys1!": "", "Ada.Byron+99!x": "",
	} {
		broken := authserver.CheckPassword(password, owner)
		switch {
		case want == "" && len(broken) > 0:
			t.Errorf("%s: %v", password, broken)
		case want != "" && (len(broken) != 1 || broken[0].Message != want || broken[0].Field != "password"):
			t.Errorf("%s: %v, want %q", password, broken, want)
		}
	}
	// Without a name and an address there is nothing to compare with.
	for _, password := range []string{"Abcdefg-1!", "Aa1!1234567"} {
		if broken := authserver.CheckPassword(password, &authserver.User{}); len(broken) > 0 {
			t.Errorf("%s: %v", password, broken)
		}
	}
	// One character more or less, however it is typed.
	if broken := authserver.CheckPassword("abC1!e\u0301x", owner); len(broken) != 1 || broken[0].Rule != "password.short" {
		t.Errorf("seven characters, one of them in two parts: %v", broken)
	}
}
