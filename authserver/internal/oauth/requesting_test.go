package oauth_test

import (
	"context"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/oauth"
	"latchkey/pkg/fault"
)

// described answers for a client by its document, and kept by its row.
type (
	described struct{ client authserver.Client }
	kept      map[string]authserver.Client
)

func (d described) Find(context.Context, string) (*authserver.Client, error) {
	c := d.client
	return &c, nil
}

func (described) Keep(string) {}

func (k kept) FindClient(_ context.Context, id string) (*authserver.Client, error) {
	c, ok := k[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "Client not found")
	}
	return &c, nil
}

// What operators decide about a client that describes itself is not in its document.
func TestOperatorsDecideAboutDescribedClients(t *testing.T) {
	const id = "https://app.example/client.json"
	client := authserver.Client{
		ID: id, Name: "App", Introduced: authserver.IntroducedByDocument, AuthMethod: authserver.AuthNone, RedirectURIs: []string{"https://app.example/cb"},
	}
	rows := kept{}
	for _, life := range []time.Duration{0, time.Minute} {
		find := func() (*authserver.Client, error) {
			return oauth.RequestingClients{Clients: oauth.NewClientCache(rows, life, time.Now), Documents: described{client}}.Find(t.Context(), id)
		}
		delete(rows, id)
		if c, err := find(); err != nil || c.Verified() {
			t.Errorf("nobody has allowed it anything: %+v, %v", c, err)
		}
		row := client
		row.VerifiedTerms = client.TermsToVerify()
		rows[id] = row
		if c, err := find(); err != nil || !c.Verified() {
			t.Errorf("verified: %+v, %v", c, err)
		}
		row.Name, row.VerifiedTerms = "Another", `{"name":"Another"}`
		rows[id] = row
		if c, err := find(); err != nil || c.Name != "App" || c.Verified() {
			t.Errorf("another one was verified: %+v, %v", c, err)
		}
		now := time.Now()
		row.DisabledAt = &now
		rows[id] = row
		if c, err := find(); !fault.Is(err, fault.NotFound) {
			t.Errorf("disabled: %+v, %v", c, err)
		}
	}
}
