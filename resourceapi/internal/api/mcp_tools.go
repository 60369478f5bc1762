package api

import (
	"net/http"

	"latchkey/pkg/guard"
)

// tool is an operation of the API for assistants that speak the Model Context
// Protocol. The OpenAPI document describes it.
type tool struct {
	name   string
	method string
	path   string // below /api/v1
	act    action
	root   string // of the body, whose members are arguments of the tool
}

// tools are those operations that an assistant needs day by day. Deleting accounts,
// resets and imports of files are left to people and programs.
func (a *API) tools() []tool {
	return []tool{
		{"list_accounts", http.MethodGet, "/accounts", a.listAccounts, ""},
		{"get_account", http.MethodGet, "/accounts/{id}", a.showAccount, ""},
		{"create_account", http.MethodPost, "/accounts", a.createAccount, "account"},
		{"update_account", http.MethodPatch, "/accounts/{id}", a.updateAccount, "account"},
		{"list_account_balances", http.MethodGet, "/accounts/{id}/balances", a.listBalances, ""},
		{"list_transactions", http.MethodGet, "/transactions", a.listTransactions, ""},
		{"get_transaction", http.MethodGet, "/transactions/{id}", a.showTransaction, ""},
		{"create_transaction", http.MethodPost, "/transactions", a.createTransaction, "transaction"},
		{"update_transaction", http.MethodPatch, "/transactions/{id}", a.updateTransaction, "transaction"},
		{"delete_transaction", http.MethodDelete, "/transactions/{id}", a.deleteTransaction, ""},
		{"list_tags", http.MethodGet, "/tags", a.listTags, ""},
		{"create_tag", http.MethodPost, "/tags", a.createTag, "tag"},
		{"update_tag", http.MethodPatch, "/tags/{id}", a.updateTag, "tag"},
		{"delete_tag", http.MethodDelete, "/tags/{id}", a.deleteTag, ""},
		{"list_categories", http.MethodGet, "/categories", a.listCategories, ""},
		{"create_category", http.MethodPost, "/categories", a.createCategory, "category"},
		{"list_merchants", http.MethodGet, "/merchants", a.listMerchants, ""},
		{"get_merchant", http.MethodGet, "/merchants/{id}", a.showMerchant, ""},
		{"list_valuations", http.MethodGet, "/valuations", a.listValuations, ""},
		{"create_valuation", http.MethodPost, "/valuations", a.createValuation, "valuation"},
		{"update_valuation", http.MethodPatch, "/valuations/{id}", a.updateValuation, "valuation"},
		{"get_balance_sheet", http.MethodGet, "/balance_sheet", a.balanceSheet, ""},
		{"get_family_settings", http.MethodGet, "/family_settings", a.showFamilySettings, ""},
	}
}

// need is what the operation needs of its caller.
func (t tool) need() guard.Requirement {
	if t.method == http.MethodGet {
		return reader
	}
	return writer
}
