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
	ErrNameTaken = errors.New("Name has already been taken") //nolint:staticcheck // shown to people as it is
)

// Tags lists all tags by name.
func (f *Family) Tags(ctx context.Context) ([]resourceapi.Tag, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	return f.readTagRows(ctx, ` ORDER BY name, id`)
}

// Tag finds one tag.
func (f *Family) Tag(ctx context.Context, id string) (resourceapi.Tag, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Tag{}, err
	}
	return f.tag(ctx, id)
}

func (f *Family) tag(ctx context.Context, id string) (resourceapi.Tag, error) {
	list, err := f.readTagRows(ctx, ` AND id = $2`, id)
	if err == nil && len(list) == 0 {
		err = errNoTag
	}
	if err != nil {
		return resourceapi.Tag{}, err
	}
	return list[0], nil
}

func (f *Family) readTagRows(ctx context.Context, rest string, args ...any) ([]resourceapi.Tag, error) {
	var list []resourceapi.Tag
	err := f.each(ctx, `SELECT id, name, color, created_at, updated_at FROM tags WHERE family_id = $1`+rest, args, func(rows database.Rows) error {
		var t resourceapi.Tag
		err := rows.Scan(&t.ID, &t.Name, &t.Color, &t.CreatedAt, &t.UpdatedAt)
		list = append(list, t)
		return err
	})
	return list, err
}

// CreateTag makes a tag; its name may be taken: ErrNameTaken.
func (f *Family) CreateTag(ctx context.Context, t resourceapi.Tag) (resourceapi.Tag, error) {
	err := f.change(ctx, func(ctx context.Context) error {
		now := f.s.Now()
		t.ID, t.CreatedAt, t.UpdatedAt = newID(), now, now
		return f.insertNamed(ctx, &tagRow{FamilyID: f.id, ID: t.ID, Name: t.Name, Color: t.Color, CreatedAt: now, UpdatedAt: now})
	})
	return t, err
}

// UpdateTag changes name and colour, where given.
func (f *Family) UpdateTag(ctx context.Context, id string, change func(t resourceapi.Tag) (resourceapi.Tag, error)) (resourceapi.Tag, error) {
	var made resourceapi.Tag
	err := f.change(ctx, func(ctx context.Context) error {
		var locked string
		err := f.row(ctx, `SELECT g.id FROM tags g WHERE g.family_id = $1 AND g.id = $2`+f.s.forUpdate("g"), id).Scan(&locked)
		if errors.Is(err, database.ErrNoRows) {
			return errNoTag
		}
		if err != nil {
			return err
		}
		old, err := f.tag(ctx, id)
		if err != nil {
			return err
		}
		if made, err = change(old); err != nil {
			return err
		}
		made.UpdatedAt = f.s.Now()
		n, err := f.exec(ctx, `UPDATE tags SET name = $3, color = $4, updated_at = $5 WHERE family_id = $1 AND id = $2`,
			id, made.Name, made.Color, made.UpdatedAt)
		if err != nil {
			if database.IsUnique(err, "tags_name", "tags.name") {
				return ErrNameTaken
			}
			return err
		}
		if n == 0 {
			return errNoTag
		}
		return nil
	})
	return made, err
}

// DeleteTag removes a tag, also from the transactions that have it.
func (f *Family) DeleteTag(ctx context.Context, id string) error {
	return f.change(ctx, func(ctx context.Context) error {
		n, err := f.exec(ctx, `DELETE FROM tags WHERE family_id = $1 AND id = $2`, id)
		if err == nil && n == 0 {
			err = errNoTag
		}
		return err
	})
}
