package store

import (
	"cmp"
	"context"
	"slices"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var errNoMerchant = fault.New(fault.NotFound, "Merchant not found")

func (r merchantRow) merchant() resourceapi.Merchant {
	return resourceapi.Merchant{
		ID: r.ID, Name: r.Name, Color: r.Color, WebsiteURL: r.WebsiteURL, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// Merchants lists all merchants by name.
func (f *Family) Merchants(ctx context.Context) ([]resourceapi.Merchant, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := database.Find[merchantRow](f.orm(ctx).Order("name, id"))
	return database.Mapped(rows, merchantRow.merchant), err
}

// Merchant finds one merchant.
func (f *Family) Merchant(ctx context.Context, id string) (resourceapi.Merchant, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Merchant{}, err
	}
	row, err := findOne[merchantRow](f.orm(ctx).Where("id = ?", id), errNoMerchant)
	return row.merchant(), err
}

// merchantsAtOnce keeps a statement below the engines' limit on parameters.
const merchantsAtOnce = 500

// ImportMerchants writes the merchants with a new name and returns them by name. It
// skips names that exist.
func (f *Family) ImportMerchants(ctx context.Context, list []resourceapi.Merchant) ([]resourceapi.Merchant, error) {
	// In the same order for every caller, so that two imports cannot deadlock.
	list = slices.SortedFunc(slices.Values(list), func(a, b resourceapi.Merchant) int { return cmp.Compare(a.Name, b.Name) })
	var made []resourceapi.Merchant
	err := f.change(ctx, func(ctx context.Context) error {
		made = nil
		for piece := range slices.Chunk(list, merchantsAtOnce) {
			imported, err := f.importPiece(ctx, piece)
			if err != nil {
				return err
			}
			made = append(made, imported...)
		}
		return nil
	})
	return made, err
}

func (f *Family) importPiece(ctx context.Context, list []resourceapi.Merchant) ([]resourceapi.Merchant, error) {
	now := f.s.Now()
	rows, ids := make([]merchantRow, len(list)), make([]string, len(list))
	for i, m := range list {
		ids[i] = newID()
		rows[i] = merchantRow{ID: ids[i], Name: m.Name, Color: m.Color, WebsiteURL: m.WebsiteURL, CreatedAt: now, UpdatedAt: now}
	}
	if err := database.ErrorOf(f.orm(ctx).Clauses(unlessNamed).Create(rows)); err != nil {
		return nil, err
	}
	imported, err := database.Find[merchantRow](f.orm(ctx).Where("id IN ?", ids).Order("name, id"))
	return database.Mapped(imported, merchantRow.merchant), err
}
