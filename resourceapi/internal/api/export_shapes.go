package api

import (
	"context"
	"encoding/csv"
	"io"
	"strings"

	"latchkey/pkg/cell"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// What is in an export and in no other answer: all that is known of a row.

type merchantExport struct {
	merchantShape
	Color      string  `json:"color"`
	WebsiteURL *string `json:"website_url"`
}

func exportMerchant(m resourceapi.Merchant) merchantExport {
	return merchantExport{showMerchant(m), m.Color, m.WebsiteURL}
}

type valuationExport struct {
	valuationShape
	AmountCents int64 `json:"amount_cents"`
}

func exportValuation(v resourceapi.Valuation) valuationExport {
	return valuationExport{showValuation(v), int64(v.Amount)}
}

type balanceExport struct {
	AccountID string `json:"account_id"`
	balanceShape
}

func exportBalance(b store.DayBalance) balanceExport {
	return balanceExport{b.AccountID, balanceShape{
		Date: b.Date, Balance: b.Balance.Format(b.Currency), BalanceCents: int64(b.Balance), Currency: string(b.Currency),
	}}
}

// sheetColumns are those of transactions.csv.
var sheetColumns = []string{
	"date", "name", "amount", "currency", "account", "category", "merchant", "tags", "notes", "external_id", "source", "id", "account_id",
	"created_at", "updated_at",
}

// exportSheet writes transactions for a spreadsheet (RFC 4180): income is positive, as
// it is in signed_amount_cents. By the mark at its beginning programs of offices know
// UTF-8.
func exportSheet(ctx context.Context, f *store.Family, w io.Writer) (rows int, err error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return 0, err //nolint:wrapcheck // of the connection
	}
	out := csv.NewWriter(w)
	_ = out.Write(sheetColumns) // errors stay in out
	err = f.EachTransaction(ctx, func(list []resourceapi.Transaction) error {
		for _, t := range list {
			_ = out.Write(sheetRow(t))
		}
		rows += len(list)
		out.Flush()
		return out.Error() //nolint:wrapcheck // of the connection
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return rows, err
}

func sheetRow(t resourceapi.Transaction) []string {
	category, merchant := "", ""
	if t.Category != nil {
		category = t.Category.Name
	}
	if t.Merchant != nil {
		merchant = t.Merchant.Name
	}
	tags := make([]string, len(t.Tags))
	for i, tag := range t.Tags {
		tags[i] = tag.Name
	}
	created, _ := stamp(t.CreatedAt).MarshalText() // never fails
	updated, _ := stamp(t.UpdatedAt).MarshalText()
	return []string{
		t.Date.String(), cell.EscapeFormula(t.Name), (-t.Amount).Decimal(t.Currency), string(t.Currency), cell.EscapeFormula(t.Account.Name),
		cell.EscapeFormula(category), cell.EscapeFormula(merchant), cell.EscapeFormula(strings.Join(tags, ", ")), cell.EscapeFormula(text(t.Notes)),
		cell.EscapeFormula(text(t.ExternalID)), cell.EscapeFormula(text(t.Source)), t.ID, t.Account.ID, string(created), string(updated),
	}
}

func text(optional *string) string {
	if optional == nil {
		return ""
	}
	return *optional
}
