package api

import (
	"context"
	"errors"
	"strings"

	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

var errNoCategory = fault.New(fault.NotFound, "Category not found")

type categoryShape struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	Color         string       `json:"color"`
	Icon          string       `json:"icon"`
	Parent        *parentShape `json:"parent"`
	Subcategories int          `json:"subcategories_count"`
	CreatedAt     stamp        `json:"created_at"`
	UpdatedAt     stamp        `json:"updated_at"`
}

type parentShape struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func showCategory(c resourceapi.Category) categoryShape {
	s := categoryShape{
		ID: c.ID, Name: c.Name, Color: c.Color, Icon: c.Icon, Subcategories: c.Subcategories,
		CreatedAt: stamp(c.CreatedAt), UpdatedAt: stamp(c.UpdatedAt),
	}
	if c.Parent != nil {
		s.Parent = &parentShape{c.Parent.ID, c.Parent.Name}
	}
	return s
}

func (a *API) listCategories(ctx context.Context, c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	filter := store.CategoryFilter{RootsOnly: q.bool("roots_only"), Parent: q.id("parent_id")}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, paging, err := c.family.Categories(ctx, filter, q.page())
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Categories []categoryShape `json:"categories"`
		Pagination pagination      `json:"pagination"`
	}{mapped(list, showCategory), paged(paging)})
}

func (a *API) showCategory(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoCategory)
	if err != nil {
		return reply{}, err
	}
	category, err := c.family.Category(ctx, id)
	if err != nil {
		return reply{}, err
	}
	return ok(showCategory(category))
}

// refuseCategory is the shape that categories alone have (docs/contract.md,
// "Other error shapes").
func refuseCategory(broken ...string) error {
	return fault.New(fault.Invalid, strings.Join(broken, ", ")).WithCode("unprocessable_entity")
}

func (a *API) createCategory(ctx context.Context, c *call) (reply, error) {
	f, err := c.root("category")
	if err != nil {
		return reply{}, err
	}
	category := resourceapi.Category{
		Name: f.text("name", "Name").Value, Color: f.text("color", "Color").Value, Icon: f.text("icon", "Icon").Value,
	}
	parent := f.text("parent_id", "Parent").Value
	if category.Color == "" {
		category.Color = resourceapi.CategoryColor
	}
	if category.Icon == "" {
		category.Icon = resourceapi.IconFor(category.Name)
	}
	if broken := f.broken(category.Check()...); len(broken) > 0 {
		return reply{}, refuseCategory(broken...)
	}
	category, err = c.family.CreateCategory(ctx, category, parent)
	for _, rule := range []error{store.ErrNameTaken, store.ErrParentMissing, store.ErrParentNested} {
		if errors.Is(err, rule) {
			return reply{}, refuseCategory(rule.Error())
		}
	}
	if err != nil {
		return reply{}, err
	}
	return created(showCategory(category))
}
