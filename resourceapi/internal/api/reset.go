package api

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/pkg/body"
	"latchkey/pkg/httpserver"
	"latchkey/resourceapi"
)

const resetStatusPath = "/api/v1/users/reset/status"

func (a *API) startReset(ctx context.Context, c *call) (reply, error) {
	id, err := c.family.StartReset(ctx)
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Message   string `json:"message"`
		Status    string `json:"status"`
		JobID     string `json:"job_id"`
		FamilyID  string `json:"family_id"`
		StatusURL string `json:"status_url"`
	}{"Account reset has been initiated", "queued", id, c.family.ID(), resetStatusPath})
}

// uncounted are the counts of the contract for what does not exist here.
var uncounted = []string{
	"account_providers", "account_shares", "account_statements", "active_storage_attachments", "budget_categories", "budgets",
	"family_exports", "family_merchant_associations", "holdings", "import_mappings", "import_rows", "import_sessions",
	"import_source_mappings", "imports", "plaid_items", "provider_items", "recurring_transactions", "rejected_transfers",
	"rule_actions", "rule_conditions", "rule_runs", "rules", "trades", "transfers",
}

func (a *API) resetStatus(ctx context.Context, c *call) (reply, error) {
	counts, err := c.family.Counts(ctx)
	if err != nil {
		return reply{}, err
	}
	complete, status := true, "complete"
	for _, n := range counts {
		complete = complete && n == 0
	}
	if !complete {
		status = "data_remaining"
	}
	for _, name := range uncounted {
		counts[name] = 0
	}
	return ok(struct {
		Status   string           `json:"status"`
		FamilyID string           `json:"family_id"`
		Complete bool             `json:"reset_complete"`
		Counts   map[string]int64 `json:"counts"`
	}{status, c.family.ID(), complete, counts})
}

// shared lets the authorization server in, which has the erasure secret, and tells it
// which program answers.
func (a *API) shared(h httpserver.Handler) http.Handler {
	says := a.Program.Headers()
	return httpserver.Handle(a.Erasure.Admit("This path takes the erasure secret", func(w http.ResponseWriter, r *http.Request) error {
		says.Apply(w.Header())
		return h(w, r)
	}), render)
}

// familyInternally lets act work on the family in the path, whose settings it reads
// anew: a person who has just changed them sees the change, whichever replica answers.
func (a *API) familyInternally(act action) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, valid := resourceapi.ParseID(mux.Vars(r)["id"])
		if !valid {
			return errNoRoute
		}
		c := &call{Request: r, api: a, family: a.Store.Family(id), limits: body.Limits{Bytes: a.BodyLimit}}
		c.family.Reread()
		got, err := act(r.Context(), c)
		if err != nil {
			return err
		}
		got.noStore = true
		return write(w, r, got)
	}
}

// eraseFamily deletes a family for ever. The authorization server calls it when the
// last member has left. Erasing again is no error, so the request may be repeated.
func (a *API) eraseFamily(w http.ResponseWriter, r *http.Request) error {
	id, valid := resourceapi.ParseID(mux.Vars(r)["id"])
	if !valid {
		return errNoRoute
	}
	if err := a.Store.Family(id).Erase(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
