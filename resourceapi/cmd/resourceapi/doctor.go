package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/database"
	"latchkey/pkg/doctor"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/resourceapi/internal/config"
	"latchkey/resourceapi/internal/store"
)

var doctorCommand = doctor.Command("resourceapi", time.Now, examine)

// examine asks everything that this service stands on.
func examine(ctx context.Context, r *doctor.Report) {
	cfg, err := readSettings()
	if err != nil {
		r.FailSettings(err)
		return
	}
	r.CheckNames(cfg.Unknown)
	examineDatabase(ctx, r, cfg)
	shared, err := cache.Open(cfg.RedisURL, cache.Options{Now: time.Now, Logger: doctor.Quiet})
	if err != nil {
		r.Fail("redis", "%v.", err)
		return
	}
	defer func() { _ = shared.Close() }() // the process ends
	usable := r.CheckRedis(ctx, "API_REDIS_URL", cfg.RedisURL, shared)
	if said := r.CheckIssuer(ctx, "API_ISSUER", cfg.Issuer); said != nil {
		if said.Resources != nil && !slices.Contains(said.Resources, cfg.URL) {
			r.Fail("resource", "%s issues tokens for %s and not for %s: AUTH_API_URL and API_URL must be one address.",
				cfg.Issuer, strings.Join(said.Resources, ", "), cfg.URL)
		} else {
			r.OK("resource", "Tokens are issued for %s.", cfg.URL)
		}
		if usable {
			r.CheckShared(ctx, shared, "authserver", cfg.Issuer)
		}
	}
	examineIntrospection(ctx, r, cfg)
	proxies, err := httpserver.ParsePrefixes(cfg.TrustedProxies)
	if err != nil {
		r.Fail("proxies", "API_TRUSTED_PROXIES: %v.", err)
	} else {
		r.CheckProxies("API_TRUSTED_PROXIES", cfg.URL, proxies)
	}
	if cfg.ErasureSecret == "" {
		r.Fail("erasure", "Nobody can have the data of a deleted family erased: set API_ERASURE_SECRET and AUTH_ERASURE_SECRET to one secret.")
	} else {
		r.OK("erasure", "Who knows API_ERASURE_SECRET may have the data of a family erased; authserver doctor tries it.")
	}
}

func examineDatabase(ctx context.Context, r *doctor.Report, cfg config.Config) {
	if !r.CheckFile("resourceapi", "API_DATABASE_URL", cfg.DatabaseURL) {
		return
	}
	db, err := database.Open(ctx, cfg.DatabaseURL, database.Options{MaxConnections: 2, Logger: doctor.Quiet})
	if err != nil {
		r.Fail("database", "API_DATABASE_URL: %v.", err)
		return
	}
	defer func() { _ = db.Close() }() // the process ends
	sqlite := strings.HasPrefix(cfg.DatabaseURL, "sqlite:")
	answers := r.CheckDatabase(ctx, db, doctor.Database{
		Program: "resourceapi", Setting: "API_DATABASE_URL", Migrates: cfg.Migrate || sqlite,
		Compatible: func(ctx context.Context) error { return store.CheckCompatible(ctx, db) },
		Migrations: func(ctx context.Context) ([]database.Migration, error) { return db.Migrations(ctx, store.Migrations()) },
	})
	if !answers || sqlite {
		return
	}
	const check = "role"
	switch may, err := db.Privileges(ctx); {
	case err != nil:
		r.Fail(check, "The database does not say what its role may do. %v", err)
	case may.Superuser || may.BypassRLS:
		r.Fail(check, "API_DATABASE_URL names a superuser or a role with BYPASSRLS, which row security does not bind: name a role that owns nothing "+
			"there, and the owner of the tables in API_MIGRATION_DATABASE_URL (deploy/postgres/init.sh makes both).")
	case may.Owner:
		r.Warn(check, "The role of API_DATABASE_URL owns the tables and could switch row security off: let another role migrate (API_MIGRATION_DATABASE_URL).")
	case !cfg.Production:
		r.Warn(check, "Row security binds the database role; set API_PRODUCTION=true to have any other refused.")
	default:
		r.OK(check, "Row security binds the database role.")
	}
}

// examineIntrospection asks about a token that nobody has issued.
func examineIntrospection(ctx context.Context, r *doctor.Report, cfg config.Config) {
	const check = "introspection"
	if cfg.ClientID == "" {
		r.Fail(check, "Nobody can be let in: register this API (authserver client create --name resourceapi --resource-server) and set "+
			"API_INTROSPECTION_CLIENT_ID and API_INTROSPECTION_CLIENT_SECRET.")
		return
	}
	client, err := introspection.NewClient(introspection.ClientOptions{
		Endpoint: cfg.IntrospectionURL, ID: cfg.ClientID, Secret: cfg.ClientSecret, Timeout: cfg.IntrospectionTimeout, Now: time.Now, Logger: doctor.Quiet,
	})
	if err != nil {
		r.Fail(check, "API_INTROSPECTION_URL: %v.", err)
		return
	}
	defer client.Close()
	if _, err := client.Introspect(ctx, secret.New(secret.AccessToken)); err != nil {
		r.Fail(check, "authserver does not tell about credentials at %s: correct API_INTROSPECTION_URL, API_INTROSPECTION_CLIENT_ID and "+
			"API_INTROSPECTION_CLIENT_SECRET, which are those of a client made with --resource-server. %v", cfg.IntrospectionURL, doctor.Reason(err))
		return
	}
	r.OK(check, "authserver tells this API about credentials.")
}
