package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi/internal/api"
)

var asOperator = []string{"Authorization", "Bearer " + erasureSecret}

// exported are the files of a family's export by their names.
func (s *service) exported(family string) map[string]string {
	s.t.Helper()
	operator := &caller{s: s, header: http.Header{}}
	got := operator.do("GET", "/internal/families/"+family+"/export", nil, asOperator...).want(200)
	_, params, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		s.t.Fatal(err)
	}
	files, parts := map[string]string{}, multipart.NewReader(bytes.NewReader(got.raw), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // a wrapped one is an answer without its end
			return files
		}
		if err != nil {
			s.t.Fatal(err)
		}
		raw, err := io.ReadAll(part)
		if err != nil {
			s.t.Fatal(err)
		}
		files[part.FileName()] = string(raw)
	}
}

func list(t *testing.T, text string) (rows []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return rows
}

// exportedColumns says of every column of every exported table which member of its
// file holds it, or why none does.
var exportedColumns = map[string]string{
	"families.id": "id", "families.currency": "currency", "families.time_zone": "time_zone", "families.created_at": "created_at",
	"accounts.id": "id", "accounts.name": "name", "accounts.account_type": "account_type", "accounts.subtype": "subtype", "accounts.status": "status",
	"accounts.currency": "currency", "accounts.institution_name": "institution_name", "accounts.institution_domain": "institution_domain",
	"accounts.created_at": "created_at", "accounts.updated_at": "updated_at",
	"categories.id": "id", "categories.name": "name", "categories.color": "color", "categories.icon": "icon", "categories.parent_id": "parent",
	"categories.created_at": "created_at", "categories.updated_at": "updated_at",
	"merchants.id": "id", "merchants.name": "name", "merchants.color": "color", "merchants.website_url": "website_url",
	"merchants.created_at": "created_at", "merchants.updated_at": "updated_at",
	"tags.id": "id", "tags.name": "name", "tags.color": "color", "tags.created_at": "created_at", "tags.updated_at": "updated_at",
	"transactions.id": "id", "transactions.account_id": "account", "transactions.date": "date", "transactions.amount": "signed_amount_cents",
	"transactions.currency": "currency", "transactions.name": "name", "transactions.notes": "notes", "transactions.category_id": "category",
	"transactions.merchant_id": "merchant", "transactions.external_id": "external_id", "transactions.source": "source",
	"transactions.created_at": "created_at", "transactions.updated_at": "updated_at",
	"transactions.thousandths": "-: the amount", "transactions.folded": "-: name and notes",
	"transaction_tags.transaction_id": "id", "transaction_tags.tag_id": "tags",
	"transaction_tags.account_id": "-: the transaction's", "transaction_tags.date": "-: the transaction's", "transaction_tags.created_at": "-: the transaction's",
	"valuations.id": "id", "valuations.account_id": "account", "valuations.date": "date", "valuations.amount": "amount_cents",
	"valuations.currency": "currency", "valuations.notes": "notes", "valuations.kind": "kind", "valuations.created_at": "created_at", "valuations.updated_at": "updated_at",
	"balances.account_id": "account_id", "balances.date": "date", "balances.balance": "balance_cents",
	"syncs.id": "id", "syncs.syncable_type": "syncable", "syncs.syncable_id": "syncable", "syncs.parent_id": "parent_id", "syncs.status": "status",
	"syncs.window_start_date": "window_start_date", "syncs.window_end_date": "window_end_date", "syncs.pending_at": "pending_at",
	"syncs.syncing_at": "syncing_at", "syncs.completed_at": "completed_at", "syncs.failed_at": "failed_at", "syncs.created_at": "created_at", "syncs.updated_at": "updated_at",
}

// notExported says of every other table why nobody misses its rows.
var notExported = map[string]string{
	"transaction_days": "counts of transactions", "transaction_months": "counts of transactions",
	"idempotency_keys": "answers that requests got, for a day", "jobs": "work to be done", "leases": "who works", "sweeps": "work to be done",
	"erased_families": "families that are gone", "schema_compatibility": "of no family", "goose_db_version": "of no family",
}

// TestEveryTableIsExportedOrSaysWhyNot: a new table or column fails here until somebody
// has decided.
func TestEveryTableIsExportedOrSaysWhyNot(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		h := s.household()
		files, exported := s.exported(h.answer.FamilyID), api.ExportedTables()
		known := map[string]bool{}
		for _, table := range testenv.Tables(t, s.db) {
			if slices.Contains(exported, table) == (notExported[table] != "") {
				t.Errorf("%s: is exported: %v, is not: %q", table, slices.Contains(exported, table), notExported[table])
			}
			if !slices.Contains(exported, table) {
				continue
			}
			for _, column := range s.columns(table) {
				name := table + "." + column
				known[name] = true
				if member := exportedColumns[name]; column != "family_id" && !strings.HasPrefix(member, "-: ") && !has(t, files, table, member) {
					t.Errorf("%s: no row of its file has %q", name, member)
				}
			}
		}
		for name := range exportedColumns {
			if !known[name] && name != "transactions.folded" { // which SQLite has not
				t.Errorf("%s is no column", name)
			}
		}
	})
}

func has(t *testing.T, files map[string]string, table, member string) bool {
	t.Helper()
	name := map[string]string{"families": "family.json", "transaction_tags": "transactions.json"}[table]
	if name == "" {
		name = table + ".json"
	}
	text := files[name]
	if strings.HasPrefix(text, "{") {
		text = "[" + text + "]"
	}
	rows := list(t, text)
	if len(rows) == 0 {
		return false
	}
	_, there := rows[0][member]
	return there
}

func (s *service) columns(table string) (names []string) {
	s.t.Helper()
	text := `SELECT name FROM pragma_table_xinfo('` + table + `')`
	if s.db.Engine() == database.Postgres {
		text = `SELECT attname FROM pg_attribute WHERE attrelid = '` + table + `'::regclass AND attnum > 0 AND NOT attisdropped`
	}
	rows, err := s.db.Query(s.t.Context(), text)
	if err != nil {
		s.t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			s.t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Close(); err != nil || len(names) == 0 {
		s.t.Fatal(table, err)
	}
	return names
}

// TestAnExportIsOfOneFamily: everything of it, and nothing of another; and only for
// whoever has the secret.
func TestAnExportIsOfOneFamily(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		h, stranger := s.household(), s.family()
		stranger.mine()
		path := "/internal/families/" + h.answer.FamilyID + "/export"
		operator := &caller{s: s, header: http.Header{}}
		operator.do("GET", path, nil).refuses(401, "unauthorized", "")
		h.do("GET", path, nil).want(401)
		operator.do("GET", "/internal/families/x/export", nil, asOperator...).want(404)
		operator.do("POST", path, nil, asOperator...).want(405)
		if got := operator.do("HEAD", path, nil, asOperator...).want(200); len(got.raw) > 0 {
			t.Error("HEAD has a body")
		}
		files := s.exported(h.answer.FamilyID)
		for name, id := range map[string]string{
			"accounts.json": h.account, "transactions.json": h.transaction, "transactions.csv": h.transaction, "tags.json": h.tag,
			"categories.json": h.category, "merchants.json": h.merchant, "valuations.json": h.valuation, "syncs.json": h.sync,
			"balances.json": h.account, "family.json": h.answer.FamilyID, "contents.json": h.answer.FamilyID,
		} {
			if !strings.Contains(files[name], id) {
				t.Errorf("%s lacks %s: %s", name, id, files[name])
			}
		}
		for name, text := range s.exported(stranger.answer.FamilyID) {
			for _, id := range h.ids() {
				if strings.Contains(text, mark) || strings.Contains(text, id) {
					t.Errorf("%s of a stranger: %s", name, text)
				}
			}
		}
		for name, text := range s.exported(uuid.NewString()) { // of somebody who has never called
			if strings.Contains(text, mark) || strings.Contains(text, "4,711") {
				t.Errorf("%s of nobody: %s", name, text)
			}
		}
		operator.do("DELETE", "/internal/families/"+stranger.answer.FamilyID, nil, asOperator...).want(204)
		operator.do("GET", "/internal/families/"+stranger.answer.FamilyID+"/export", nil, asOperator...).want(401)
	})
}

// TestAnExportHasEveryRowOnce: of more rows than are read at a time. What is being
// deleted is not in it.
func TestAnExportHasEveryRowOnce(t *testing.T) {
	const many = 1_201
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		account := c.cash()
		var batch []object
		for i := range many {
			batch = append(batch, object{"account_id": account, "date": "2026-01-15", "amount": "1.50", "name": "=" + strconv.Itoa(i)})
		}
		for piece := range slices.Chunk(batch, 500) {
			c.do("POST", "/api/v1/transactions/batch", object{"transactions": piece}).want(201)
		}
		names := "name\n"
		for i := range many {
			names += "Shop " + strconv.Itoa(i) + "\n"
		}
		c.upload("file", "text/csv", names).want(201)
		gone := c.do("POST", "/api/v1/accounts", object{"account": object{"name": "Gone", "balance": "1.00"}}).want(201).text("id")
		c.spend(gone, nil)
		for day := range 700 {
			s.keepBalance(c, account, time.Date(2020, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		}
		s.markDeleted(c, gone)
		files := s.exported(c.answer.FamilyID)
		for name, want := range map[string]int{"transactions.json": many, "merchants.json": many, "accounts.json": 1, "valuations.json": 0} {
			ids := map[string]bool{}
			rows := list(t, files[name])
			for _, row := range rows {
				ids[row["id"].(string)] = true
			}
			if len(rows) != want || len(ids) != want {
				t.Errorf("%s: %d rows, %d ids, want %d", name, len(rows), len(ids), want)
			}
		}
		days := map[any]bool{}
		for _, row := range list(t, files["balances.json"]) {
			days[row["date"]] = true
		}
		if len(days) < 700 || len(days) != len(list(t, files["balances.json"])) {
			t.Errorf("%d days", len(days))
		}
		sheet, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(files["transactions.csv"], "\ufeff"))).ReadAll()
		if err != nil || len(sheet) != many+1 {
			t.Fatalf("%d lines, %v", len(sheet), err)
		}
		if row := sheet[1]; !strings.HasPrefix(row[1], "'=") || row[2] != "-1.50" || row[3] != "USD" {
			t.Errorf("a row of the sheet: %q", row)
		}
		var said struct {
			Complete bool           `json:"complete"`
			Rows     map[string]int `json:"rows"`
		}
		if err := json.Unmarshal([]byte(files["contents.json"]), &said); err != nil || !said.Complete || said.Rows["transactions.csv"] != many {
			t.Errorf("%s, %v", files["contents.json"], err)
		}
	})
}

func (s *service) keepBalance(c *caller, account, day string) {
	s.t.Helper()
	ctx := database.WithSetting(s.t.Context(), "latchkey.family", c.answer.FamilyID)
	if _, err := s.db.Exec(ctx, `INSERT INTO balances (family_id, account_id, date, balance) VALUES ($1, $2, $3, 1)`, c.answer.FamilyID, account, day); err != nil {
		s.t.Fatal(day, err)
	}
}

// markDeleted leaves an account as one is whose rows a worker has not removed yet.
func (s *service) markDeleted(c *caller, account string) {
	s.t.Helper()
	ctx := database.WithSetting(s.t.Context(), "latchkey.family", c.answer.FamilyID)
	if _, err := s.db.Exec(ctx, `UPDATE accounts SET status = 'pending_deletion' WHERE family_id = $1 AND id = $2`, c.answer.FamilyID, account); err != nil {
		s.t.Fatal(err)
	}
}
