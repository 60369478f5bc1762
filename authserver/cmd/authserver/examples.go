package main

// examples are printed by help, and run by a test. $USER_ID, $FAMILY_ID, $CLIENT_ID …
// stand for ids that lists show.
var examples = map[string][]string{
	"authserver migrate": {"authserver migrate up", "authserver migrate status --json"},
	"authserver client": {
		`authserver client create --name "Budget Buddy" --public --redirect-uri https://app.example.com/callback --scope "read read_write"`,
		`authserver client create --name "Reports" --redirect-uri https://reports.example.com/callback --json`,
		"authserver client list",
		`authserver client show "$CLIENT_ID"`,
	},
	"authserver client create":        {`authserver client create --name "Budget Buddy" --public --redirect-uri https://app.example.com/callback`},
	"authserver client update":        {`authserver client update "$CLIENT_ID" --refresh-overlap 30s`},
	"authserver client rotate-secret": {`authserver client rotate-secret "$SECRET_CLIENT_ID" --overlap 24h`},
	"authserver client logo":          {`authserver client logo "$CLIENT_ID" --remove`},
	"authserver client delete":        {`authserver client delete "$SECRET_CLIENT_ID" --yes`},
	"authserver registration-token":   {"authserver registration-token create --note assistants --uses 10 --expires-in 72h", "authserver registration-token list"},
	"authserver invite":               {"authserver invite create --email grace@example.com --expires-in 72h", "authserver invite list"},
	"authserver user": {
		"authserver user list",
		"authserver user reset-link demo@example.com",
		"authserver user sign-out demo@example.com",
		"authserver user deactivate demo@example.com",
		"authserver user reactivate demo@example.com",
	},
	"authserver user delete": {"authserver user delete demo@example.com --yes"},
	"authserver grant":       {"authserver grant list demo@example.com --all"},
	"authserver family":      {"authserver family list --limit 10", `authserver family show "$FAMILY_ID"`},
	"authserver apikey":      {"authserver apikey list --user demo@example.com", "authserver apikey scan /dev/null"},
	"authserver events": {
		"authserver events list --since 24h --limit 20",
		"authserver events export --kind client.created --json",
	},
	"authserver encryption-key": {"authserver encryption-key new"},
	"authserver sweep":          {"authserver sweep --dry-run", "authserver sweep --json"},
	"authserver explain":        {`printf %s "$TOKEN" | authserver explain`},
	"authserver secret":         {"authserver secret"},
}
