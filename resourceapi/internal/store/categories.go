package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// CategoryFilter says which categories to list.
type CategoryFilter struct {
	RootsOnly bool
	Parent    *string
}

// Rules of categories that only the family's data can tell (contract section
// 5.4).
var (
	ErrParentMissing = errors.New("Parent must be a category in your family")              //nolint:staticcheck // shown to people as it is
	ErrParentNested  = errors.New("Parent can't have more than 2 levels of subcategories") //nolint:staticcheck // shown to people as it is
	errNoCategory    = fault.New(fault.NotFound, "Category not found")
)

const categoryTables = `
	FROM categories c LEFT JOIN categories p ON p.family_id = c.family_id AND p.id = c.parent_id
	WHERE c.family_id = $1`

// Categories lists a page of categories by name.
func (f *Family) Categories(ctx context.Context, q CategoryFilter, page Page) ([]resourceapi.Category, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	var where filter
	if q.RootsOnly {
		where.and("c.parent_id IS NULL")
	}
	if q.Parent != nil {
		where.and("c.parent_id = ?", *q.Parent)
	}
	var total int
	if err := f.row(ctx, `SELECT count(*)`+categoryTables+where.text.String(), where.args...).Scan(&total); err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(total)
	list, err := f.readCategories(ctx, where.text.String()+` ORDER BY c.name, c.id`+where.window(paging), where.args)
	return list, paging, err
}

// Category finds one category.
func (f *Family) Category(ctx context.Context, id string) (resourceapi.Category, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Category{}, err
	}
	return f.category(ctx, id)
}

func (f *Family) category(ctx context.Context, id string) (resourceapi.Category, error) {
	list, err := f.readCategories(ctx, ` AND c.id = $2`, []any{id})
	if err == nil && len(list) == 0 {
		err = errNoCategory
	}
	if err != nil {
		return resourceapi.Category{}, err
	}
	return list[0], nil
}

func (f *Family) readCategories(ctx context.Context, rest string, args []any) ([]resourceapi.Category, error) {
	var list []resourceapi.Category
	err := f.each(ctx, `
		SELECT c.id, c.name, c.color, c.icon, p.id, p.name, c.created_at, c.updated_at,
			(SELECT count(*) FROM categories s WHERE s.family_id = c.family_id AND s.parent_id = c.id)`+
		categoryTables+rest, args, func(rows database.Rows) error {
		var c resourceapi.Category
		var parent, parentName *string
		err := rows.Scan(&c.ID, &c.Name, &c.Color, &c.Icon, &parent, &parentName, &c.CreatedAt, &c.UpdatedAt, &c.Subcategories)
		if parent != nil && parentName != nil {
			c.Parent = &resourceapi.ParentRef{ID: *parent, Name: *parentName}
		}
		list = append(list, c)
		return err
	})
	return list, err
}

// CreateCategory makes a category below parent, "" for none. A child has its
// parent's colour.
func (f *Family) CreateCategory(ctx context.Context, c resourceapi.Category, parent string) (resourceapi.Category, error) {
	var made resourceapi.Category
	err := f.change(ctx, func(ctx context.Context) error {
		now := f.s.Now()
		row := categoryRow{
			FamilyID: f.id, ID: newID(), Name: c.Name, Color: c.Color, Icon: c.Icon, ParentID: nonEmpty(parent),
			CreatedAt: now, UpdatedAt: now,
		}
		if parent != "" {
			above, err := f.parentOf(ctx, parent)
			if err != nil {
				return err
			}
			row.ParentID, row.Color = &above.ID, above.Color
		}
		if err := f.insertNamed(ctx, &row); err != nil {
			return err
		}
		var err error
		made, err = f.category(ctx, row.ID)
		return err
	})
	return made, err
}

func (f *Family) parentOf(ctx context.Context, text string) (resourceapi.Category, error) {
	id, valid := resourceapi.ParseID(text)
	if !valid {
		return resourceapi.Category{}, ErrParentMissing
	}
	above, err := f.category(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return above, ErrParentMissing
	case err == nil && above.Parent != nil:
		return above, ErrParentNested
	}
	return above, err
}
