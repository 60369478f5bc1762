package store_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// TestStrategyOfAList: how a list is read follows from its filters and from how
// many rows have its amounts, and the log says it.
func TestStrategyOfAList(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, err := database.Open(t.Context(), ordinaryOwner(t, set), database.Options{MaxConnections: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := store.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		var lines bytes.Buffer
		log := slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
		f := store.New(db, store.Options{Currency: "USD", Now: time.Now, Logger: log}).Family(uuid.NewString())
		fillAmounts(t, f, 1_010, 5)
		small, large, day, ids := int64(1_000), int64(500_000), resourceapi.DateOf(time.Now()), []string{uuid.NewString()}
		for _, c := range []struct {
			name               string
			filter             store.TransactionFilter
			byNumber, byCursor string
		}{
			{"all", store.TransactionFilter{}, "counted", "scan"},
			{"account, dates and type", store.TransactionFilter{Accounts: ids, Start: &day, End: &day, Type: "income"}, "counted", "scan"},
			{"category", store.TransactionFilter{Categories: ids}, "scan", "scan"},
			{"merchant and type", store.TransactionFilter{Merchants: ids, Type: "expense"}, "scan", "scan"},
			{"tag", store.TransactionFilter{Tags: ids}, "scan", "scan"},
			{"an amount many have", store.TransactionFilter{Min: &small}, "scan", "scan"},
			{"an amount few have", store.TransactionFilter{Min: &large}, "by amount", "by amount"},
			{"an amount few have, of a tag", store.TransactionFilter{Min: &large, Tags: ids}, "by amount", "by amount"},
			{"a word", store.TransactionFilter{Search: "tea"}, "search", "search"},
			{"a word and an amount many have", store.TransactionFilter{Search: "tea", Min: &small}, "search", "search"},
			{"a word and an amount few have", store.TransactionFilter{Search: "tea", Min: &large}, "search by amount", "search by amount"},
		} {
			lines.Reset()
			if _, _, err := f.Transactions(t.Context(), c.filter, store.Page{Number: 1, Size: 10}); err != nil {
				t.Fatal(c.name, err)
			}
			if got := strategyIn(t, &lines); got != c.byNumber {
				t.Errorf("%s, by page number: %s, want %s", c.name, got, c.byNumber)
			}
			if _, _, err := f.TransactionsAfter(t.Context(), c.filter, nil, 10); err != nil {
				t.Fatal(c.name, err)
			}
			if got := strategyIn(t, &lines); got != c.byCursor {
				t.Errorf("%s, by cursor: %s, want %s", c.name, got, c.byCursor)
			}
		}
	})
}

// fillAmounts writes many transactions of a dollar and a few of a thousand.
func fillAmounts(t *testing.T, f *store.Family, many, few int) {
	t.Helper()
	account, err := f.AccountNamed(t.Context(), "Cash")
	if err != nil {
		t.Fatal(err)
	}
	inputs := make([]resourceapi.TransactionInput, many+few)
	for i := range inputs {
		amount := "1"
		if i < few {
			amount = "1000"
		}
		inputs[i] = resourceapi.TransactionInput{
			AccountID: account, Date: resourceapi.Given(resourceapi.DateOf(time.Now())), Amount: resourceapi.Given(amount),
			Name: resourceapi.Given("tea " + strconv.Itoa(i)),
		}
	}
	for len(inputs) > 0 {
		n := min(len(inputs), resourceapi.MaxBatch)
		if _, err := f.CreateTransactions(t.Context(), inputs[:n]); err != nil {
			t.Fatal(err)
		}
		inputs = inputs[n:]
	}
}

// strategyIn reads the one line that was logged about a list.
func strategyIn(t *testing.T, lines *bytes.Buffer) string {
	t.Helper()
	var line struct{ Msg, Strategy string }
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Msg != "list transactions" {
		t.Fatalf("%v: %s", err, lines)
	}
	lines.Reset()
	return line.Strategy
}
