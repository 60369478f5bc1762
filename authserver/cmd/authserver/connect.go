package main

import (
	"context"

	"latchkey/authserver/internal/clientdoc"
	"latchkey/authserver/internal/oauth"
	"latchkey/pkg/httpserver"
)

// requesting returns the clients that ask for something. Where the operator switched
// documents off, those known by them alone are unknown.
func (p *parts) requesting(clients *oauth.ClientCache) (oauth.RequestingClients, error) {
	p.forgetting = append(p.forgetting, clients.Forget)
	requesting := oauth.RequestingClients{Clients: clients, Registration: p.registration}
	networks, err := httpserver.ParsePrefixes(p.cfg.DocumentNetworks)
	if err != nil {
		return requesting, err
	}
	p.registration.Pictures = clientdoc.NewPictures(networks, nil, p.log)
	if p.cfg.Documents != "on" {
		return requesting, nil
	}
	documents := clientdoc.New(clientdoc.Options{
		Networks: networks, Schemes: p.cfg.PrivateSchemes, Now: now, Logger: p.log,
		Kept: func(ctx context.Context, id string) bool {
			_, err := clients.Find(ctx, id) // it has a row from the first time that somebody allows it something
			return err == nil
		},
	})
	requesting.Documents, p.forgetting = documents, append(p.forgetting, documents.Forget)
	return requesting, nil
}
