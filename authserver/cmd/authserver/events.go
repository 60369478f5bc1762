package main

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/httpserver"
)

// requestOrigin is what the request log knows of the request of ctx.
func requestOrigin(ctx context.Context) authserver.Origin {
	from := authserver.Origin{UserAgent: httpserver.UserAgent(ctx), RequestID: httpserver.RequestID(ctx)}
	if addr := httpserver.ClientAddr(ctx); addr.IsValid() {
		from.Address = addr.String()
	}
	return from
}
