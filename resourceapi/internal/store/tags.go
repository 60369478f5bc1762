package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var (
	errNoTag = fault.New(fault.NotFound, "Tag not found")
	// ErrNameTaken is a name that the family uses already.
	ErrNameTaken = errors.New("Name has already been taken") // shown to people as it is
)

func (r tagRow) tag() resourceapi.Tag {
	return resourceapi.Tag{ID: r.ID, Name: r.Name, Color: r.Color, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

// Tags lists all tags by name.
func (f *Family) Tags(ctx context.Context) ([]resourceapi.Tag, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := database.Find[tagRow](f.orm(ctx).Order("name, id"))
	return database.Mapped(rows, tagRow.tag), err
}

// Tag finds one tag.
func (f *Family) Tag(ctx context.Context, id string) (resourceapi.Tag, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Tag{}, err
	}
	row, err := findOne[tagRow](f.orm(ctx).Where("id = ?", id), errNoTag)
	return row.tag(), err
}

// CreateTag makes a tag; its name may be taken: ErrNameTaken.
func (f *Family) CreateTag(ctx context.Context, t resourceapi.Tag) (resourceapi.Tag, error) {
	err := f.change(ctx, func(ctx context.Context) error {
		now := f.s.Now()
		t.ID, t.CreatedAt, t.UpdatedAt = newID(), now, now
		return f.insertNamed(ctx, &tagRow{ID: t.ID, Name: t.Name, Color: t.Color, CreatedAt: now, UpdatedAt: now})
	})
	return t, err
}

// UpdateTag changes a tag as change says, which is given the tag as it is and may
// refuse.
func (f *Family) UpdateTag(ctx context.Context, id string, change func(t resourceapi.Tag) (resourceapi.Tag, error)) (resourceapi.Tag, error) {
	var made resourceapi.Tag
	err := f.change(ctx, func(ctx context.Context) error {
		row, err := findOne[tagRow](f.orm(ctx).Clauses(locked).Where("id = ?", id), errNoTag)
		if err != nil {
			return err
		}
		if made, err = change(row.tag()); err != nil {
			return err
		}
		made.UpdatedAt = f.s.Now()
		err = database.ErrorOf(f.orm(ctx).Model(&tagRow{}).Where("id = ?", id).UpdateColumns(map[string]any{
			"name": made.Name, "color": made.Color, "updated_at": made.UpdatedAt,
		}))
		if database.IsUnique(err, "tags_name", "tags.name") {
			return ErrNameTaken
		}
		return err
	})
	return made, err
}

// DeleteTag removes a tag, also from the transactions that have it.
func (f *Family) DeleteTag(ctx context.Context, id string) error {
	return f.change(ctx, func(ctx context.Context) error {
		n, err := database.Affected(f.orm(ctx).Where("id = ?", id).Delete(&tagRow{}))
		if err == nil && n == 0 {
			err = errNoTag
		}
		return err
	})
}
