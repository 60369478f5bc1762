package store

import (
	"cmp"
	"context"
	"slices"

	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var errNoMerchant = fault.New(fault.NotFound, "Merchant not found")

// Merchants lists all merchants by name.
func (f *Family) Merchants(ctx context.Context) ([]resourceapi.Merchant, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	return f.readMerchants(ctx, ` ORDER BY name, id`)
}

// Merchant finds one merchant.
func (f *Family) Merchant(ctx context.Context, id string) (resourceapi.Merchant, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Merchant{}, err
	}
	list, err := f.readMerchants(ctx, ` AND id = $2`, id)
	if err == nil && len(list) == 0 {
		err = errNoMerchant
	}
	if err != nil {
		return resourceapi.Merchant{}, err
	}
	return list[0], nil
}

func (f *Family) readMerchants(ctx context.Context, rest string, args ...any) ([]resourceapi.Merchant, error) {
	var list []resourceapi.Merchant
	err := f.each(ctx, `SELECT id, name, color, website_url, created_at, updated_at FROM merchants WHERE family_id = $1`+rest, args,
		func(rows database.Rows) error {
			var m resourceapi.Merchant
			err := rows.Scan(&m.ID, &m.Name, &m.Color, &m.WebsiteURL, &m.CreatedAt, &m.UpdatedAt)
			list = append(list, m)
			return err
		})
	return list, err
}

// ImportMerchants writes the merchants whose name is new and returns them by
// name; a name that exists is passed over.
func (f *Family) ImportMerchants(ctx context.Context, list []resourceapi.Merchant) ([]resourceapi.Merchant, error) {
	// In one order, so that two imports of the same names do not wait each for
	// the other.
	list = slices.SortedFunc(slices.Values(list), func(a, b resourceapi.Merchant) int { return cmp.Compare(a.Name, b.Name) })
	var made []resourceapi.Merchant
	err := f.change(ctx, func(ctx context.Context) error {
		made = nil
		now := f.s.Now()
		conflict := clause.OnConflict{Columns: []clause.Column{{Name: "family_id"}, {Name: "name"}}, DoNothing: true}
		for rest := list; len(rest) > 0; {
			piece := rest[:min(len(rest), 500)]
			rest = rest[len(piece):]
			rows, ids := make([]merchantRow, len(piece)), make([]string, len(piece))
			for i, m := range piece {
				ids[i] = newID()
				rows[i] = merchantRow{
					FamilyID: f.id, ID: ids[i], Name: m.Name, Color: m.Color, WebsiteURL: m.WebsiteURL, CreatedAt: now, UpdatedAt: now,
				}
			}
			if err := f.s.db.ORM(ctx).Clauses(conflict).Create(rows).Error; err != nil {
				return database.Translate(err)
			}
			var where filter
			where.in("id", ids)
			written, err := f.readMerchants(ctx, where.text.String()+` ORDER BY name, id`, where.args...)
			if err != nil {
				return err
			}
			made = append(made, written...)
		}
		return nil
	})
	return made, err
}
