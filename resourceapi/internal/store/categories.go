package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// CategoryFilter says which categories to list.
type CategoryFilter struct {
	RootsOnly bool
	Parent    *string
}

// Rules of categories that only the family's data can tell (docs/contract.md,
// "Categories").
var (
	ErrParentMissing = errors.New("Parent must be a category in your family")              //nolint:staticcheck // shown to people as it is
	ErrParentNested  = errors.New("Parent can't have more than 2 levels of subcategories") //nolint:staticcheck // shown to people as it is
	errNoCategory    = fault.New(fault.NotFound, "Category not found")
)

// categoryView is a category with what its parent is called and how many it has
// below it.
type categoryView struct {
	Row           categoryRow `gorm:"embedded"`
	ParentName    *string
	Subcategories int
}

// TableName names the table for gorm.
func (categoryView) TableName() string { return "categories" }

const categoryColumns = `categories.id, categories.name, categories.color, categories.icon, categories.parent_id,
	categories.created_at, categories.updated_at, p.name AS parent_name,
	(SELECT count(*) FROM categories s WHERE s.family_id = categories.family_id AND s.parent_id = categories.id) AS subcategories`

func categoryViews(query *gorm.DB) *gorm.DB {
	return query.Select(categoryColumns).
		Joins("LEFT JOIN categories p ON p.family_id = categories.family_id AND p.id = categories.parent_id")
}

func (v categoryView) category() resourceapi.Category {
	c := resourceapi.Category{
		ID: v.Row.ID, Name: v.Row.Name, Color: v.Row.Color, Icon: v.Row.Icon, Subcategories: v.Subcategories,
		CreatedAt: v.Row.CreatedAt, UpdatedAt: v.Row.UpdatedAt,
	}
	if v.Row.ParentID != nil && v.ParentName != nil {
		c.Parent = &resourceapi.ParentRef{ID: *v.Row.ParentID, Name: *v.ParentName}
	}
	return c
}

// Categories lists a page of categories by name.
func (f *Family) Categories(ctx context.Context, q CategoryFilter, page Page) ([]resourceapi.Category, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	rows, paging, err := paged[categoryView](page, func() *gorm.DB {
		query := f.orm(ctx).Model(&categoryRow{})
		if q.RootsOnly {
			query = query.Where("categories.parent_id IS NULL")
		}
		if q.Parent != nil {
			query = query.Where("categories.parent_id = ?", *q.Parent)
		}
		return query
	}, func(query *gorm.DB) *gorm.DB { return categoryViews(query).Order("categories.name, categories.id") })
	return database.Mapped(rows, categoryView.category), paging, err
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
	view, err := findOne[categoryView](categoryViews(f.orm(ctx)).Where("categories.id = ?", id), errNoCategory)
	return view.category(), err
}

// CreateCategory makes a category below parent, "" for none. A child has its
// parent's colour.
func (f *Family) CreateCategory(ctx context.Context, c resourceapi.Category, parent string) (resourceapi.Category, error) {
	var made resourceapi.Category
	err := f.change(ctx, func(ctx context.Context) error {
		now := f.s.Now()
		row := categoryRow{
			ID: newID(), Name: c.Name, Color: c.Color, Icon: c.Icon, ParentID: nonEmpty(parent),
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
