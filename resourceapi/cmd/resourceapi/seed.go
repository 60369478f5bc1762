package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/pkg/cli"
	"latchkey/pkg/database"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

func seed(ctx context.Context, args []string) (err error) {
	fs, asJSON := cli.Flags("resourceapi seed")
	family := fs.String("family", "", "id of the family, as authserver names it")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	id, valid := resourceapi.ParseID(*family)
	if !valid {
		return cli.UsageError("resourceapi seed: --family must be the id of a family")
	}
	cfg, err := readSettings()
	if err != nil {
		return err
	}
	if err := tellPlace(cfg, false); err != nil {
		return err
	}
	if err := migrateUp(ctx, cfg); err != nil {
		return err
	}
	db, err := database.Open(ctx, cfg.DatabaseURL, database.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	currency, err := resourceapi.ParseCurrency(cfg.DefaultCurrency)
	if err != nil {
		return fmt.Errorf("API_DEFAULT_CURRENCY %w", err)
	}
	household := store.New(db, store.Options{Currency: currency, TimeZone: resourceapi.TimeZone(cfg.DefaultTimeZone), Now: time.Now}).Family(id)
	today, err := household.Today(ctx)
	if err != nil {
		return err
	}
	n, err := seedFamily(ctx, household, currency, today)
	if err != nil {
		return err
	}
	if *asJSON {
		return cli.PrintJSON(map[string]any{"family_id": id, "transactions": n})
	}
	fmt.Printf("family %s now has a checking account with %d transactions\n", id, n)
	return nil
}

// seedFamily opens an account and writes three months of ordinary transactions into
// it. They have external ids, so that a second run writes nothing twice.
func seedFamily(ctx context.Context, f *store.Family, currency resourceapi.Currency, today resourceapi.Date) (int, error) {
	account, err := f.AccountNamed(ctx, "Checking")
	if err != nil {
		return 0, err
	}
	if account == "" {
		subtype := "checking"
		opening := &resourceapi.Opening{Date: today - 90, Amount: 150_000}
		made, err := f.CreateAccount(ctx, resourceapi.NewAccount{Opening: opening, Account: resourceapi.Account{
			Name: "Checking", Type: resourceapi.Depository, Subtype: &subtype, Status: resourceapi.StatusActive, Currency: currency,
		}})
		if err != nil {
			return 0, err
		}
		account = made.ID
	}
	everyday := []struct {
		every  resourceapi.Date
		name   string
		amount string
	}{{30, "Salary", "-3200"}, {30, "Rent", "1150"}, {7, "Groceries", "84"}, {3, "Coffee", "4"}, {14, "Fuel", "52"}}
	var inputs []resourceapi.TransactionInput
	for day := today - 89; day <= today; day++ {
		for _, e := range everyday {
			if day%e.every != 0 {
				continue
			}
			inputs = append(inputs, resourceapi.TransactionInput{
				AccountID: account, Date: resourceapi.Given(day), Amount: resourceapi.Given(e.amount), Name: resourceapi.Given(e.name),
				ExternalID: e.name + "-" + day.String(), Source: "seed",
			})
		}
	}
	made, err := f.CreateTransactions(ctx, inputs)
	return len(made), err
}
