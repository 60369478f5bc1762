package api

import (
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/pkg/apierror"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/role"
	"latchkey/pkg/scope"
)

// route is a path with the handler of each of its methods.
type route struct {
	path    string
	methods httpserver.Methods
}

func (a *API) routes() []route {
	return []route{
		{"/accounts", methods{"GET": a.read(a.listAccounts), "POST": a.write(a.createAccount)}},
		{"/accounts/{id}", methods{
			"GET": a.read(a.showAccount), "PATCH": a.write(a.updateAccount), "PUT": a.write(a.updateAccount), "DELETE": a.write(a.deleteAccount),
		}},
		{"/accounts/{id}/disable", methods{"POST": a.write(a.disableAccount)}},
		{"/accounts/{id}/enable", methods{"POST": a.write(a.enableAccount)}},
		{"/transactions", methods{"GET": a.read(a.listTransactions), "POST": a.write(a.createTransaction)}},
		{"/transactions/batch", methods{"POST": a.write(a.createTransactions)}},
		{"/transactions/{id}", methods{
			"GET": a.read(a.showTransaction), "PATCH": a.write(a.updateTransaction), "PUT": a.write(a.updateTransaction),
			"DELETE": a.write(a.deleteTransaction),
		}},
		{"/accounts/{id}/sync", methods{"POST": a.write(a.startAccountSync)}},
		{"/accounts/{id}/balances", methods{"GET": a.read(a.listBalances)}},
		{"/tags", methods{"GET": a.readLabels(a.listTags), "POST": a.writeLabels(a.createTag)}},
		{"/tags/{id}", methods{
			"GET": a.readLabels(a.showTag), "PATCH": a.writeLabels(a.updateTag), "PUT": a.writeLabels(a.updateTag),
			"DELETE": a.writeLabels(a.deleteTag),
		}},
		{"/categories", methods{"GET": a.read(a.listCategories), "POST": a.write(a.createCategory)}},
		{"/categories/{id}", methods{"GET": a.read(a.showCategory)}},
		{"/merchants", methods{
			"GET":  a.readLabels(a.listMerchants),
			"POST": a.writeLabels(a.importMerchants),
		}},
		{"/merchants/{id}", methods{"GET": a.readLabels(a.showMerchant)}},
		{"/valuations", methods{"GET": a.read(a.listValuations), "POST": a.write(a.createValuation)}},
		{"/valuations/{id}", methods{
			"GET": a.read(a.showValuation), "PATCH": a.write(a.updateValuation), "PUT": a.write(a.updateValuation),
		}},
		{"/sync", methods{"POST": a.write(a.startSync)}},
		{"/syncs", methods{"GET": a.read(a.listSyncs)}},
		{"/syncs/latest", methods{"GET": a.read(a.latestSync)}},
		{"/syncs/{id}", methods{"GET": a.read(a.showSync)}},
		{"/family_settings", methods{
			"GET": a.read(a.showFamilySettings), "PATCH": a.write(a.updateFamilySettings), "PUT": a.write(a.updateFamilySettings),
		}},
		{"/balance_sheet", methods{"GET": a.read(a.balanceSheet)}},
		{"/users/reset", methods{"DELETE": a.admitted(resetter, a.startReset, render)}},
		{"/users/reset/status", methods{"GET": a.admitted(resetReader, a.resetStatus, render)}},
		{"/usage", methods{"GET": a.read(a.usage)}},
	}
}

type methods = httpserver.Methods

// What endpoints need of their callers. Only an admin resets the family's data.
var (
	reader      = guard.Requirement{Scope: scope.Read}
	writer      = guard.Requirement{Scope: scope.ReadWrite}
	resetReader = guard.Requirement{Scope: scope.Read, Right: role.ResetData}
	resetter    = guard.Requirement{Scope: scope.ReadWrite, Right: role.ResetData}
)

func (a *API) read(act action) http.Handler  { return a.admitted(reader, act, render) }
func (a *API) write(act action) http.Handler { return a.admitted(writer, act, render) }

// Tags and merchants answer in a shape of their own (docs/contract.md, "Other error
// shapes").
func (a *API) readLabels(act action) http.Handler { return a.admitted(reader, act, renderSentence) }

func (a *API) writeLabels(act action) http.Handler {
	return a.admitted(writer, act, renderSentence)
}

// Mount adds the endpoints to r, which must not clean paths: a path with two slashes
// is unknown, not a redirect.
func (a *API) Mount(r *mux.Router) {
	refused := http.HandlerFunc(apierror.MethodNotAllowed)
	for _, route := range a.routes() {
		r.Handle("/api/v1"+route.path, httpserver.CrossOrigin(route.methods, refused))
	}
	for at, resource := range a.described() {
		r.Handle(at, httpserver.CrossOriginDocument(httpserver.Handle(a.metadata(resource), render), refused))
	}
	r.Handle(mcpPath, httpserver.CrossOrigin(methods{"POST": httpserver.Handle(a.Guard.Admit(reader, a.mcp.serve), render)}, refused))
	a.documents.Mount(r, render)
	notFound := httpserver.Handle(func(http.ResponseWriter, *http.Request) error { return errNoRoute }, render)
	if a.Erasure != nil {
		r.Handle("/internal/families/{id}", methods{
			"DELETE": a.shared(a.eraseFamily), "GET": a.shared(a.familyInternally(a.showFamilySettings)),
			"PATCH": a.shared(a.familyInternally(a.updateFamilySettings)),
		}.Handler(refused))
		r.Handle("/internal/families/{id}/export", methods{"GET": a.shared(a.exportFamily)}.Handler(refused))
	}
	r.PathPrefix("/internal").Handler(notFound)
	r.PathPrefix("/").Handler(httpserver.CrossOriginNotFound(notFound))
	r.NotFoundHandler = notFound
}
