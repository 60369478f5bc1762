package api

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

var errNoTag = fault.New(fault.NotFound, "Tag not found")

type tagShape struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Color     string `json:"color"`
	CreatedAt stamp  `json:"created_at"`
	UpdatedAt stamp  `json:"updated_at"`
}

func showTag(t resourceapi.Tag) tagShape {
	return tagShape{ID: t.ID, Name: t.Name, Color: t.Color, CreatedAt: stamp(t.CreatedAt), UpdatedAt: stamp(t.UpdatedAt)}
}

// renderSentence renders the errors of tags and merchants. Not found and broken rules
// are one sentence without a code (docs/contract.md, "Other error shapes").
func renderSentence(w http.ResponseWriter, r *http.Request, err error) {
	if e, isFault := errors.AsType[*fault.Error](err); isFault && e.Code == "" && (e.Kind == fault.NotFound || e.Kind == fault.Invalid) {
		apierror.WriteSentence(w, r, err)
		return
	}
	apierror.Write(w, r, err)
}

func (a *API) listTags(ctx context.Context, c *call) (reply, error) {
	list, err := c.family.Tags(ctx)
	if err != nil {
		return reply{}, err
	}
	return ok(mapped(list, showTag))
}

func (a *API) showTag(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoTag)
	if err != nil {
		return reply{}, err
	}
	tag, err := c.family.Tag(ctx, id)
	if err != nil {
		return reply{}, err
	}
	return ok(showTag(tag))
}

// changeTag returns t with the name and colour that are sent. A tag without a colour
// gets one of TagColors.
func changeTag(f *fields, t resourceapi.Tag) (resourceapi.Tag, error) {
	if name := f.text("name", "Name"); name.Set {
		t.Name = name.Value
	}
	if color := f.text("color", "Color"); color.Set && color.Value != "" {
		t.Color = color.Value
	}
	if t.Color == "" {
		t.Color = resourceapi.TagColors[rand.IntN(len(resourceapi.TagColors))] //nolint:gosec // a colour is no secret
	}
	if broken := f.broken(t.Check()...); len(broken) > 0 {
		return t, fault.New(fault.Invalid, strings.Join(broken, ", "))
	}
	return t, nil
}

func nameTaken(err error) error {
	if errors.Is(err, store.ErrNameTaken) {
		return fault.New(fault.Invalid, store.ErrNameTaken.Error())
	}
	return err
}

func (a *API) createTag(ctx context.Context, c *call) (reply, error) {
	f, err := c.root("tag")
	if err != nil {
		return reply{}, err
	}
	tag, err := changeTag(f, resourceapi.Tag{})
	if err != nil {
		return reply{}, err
	}
	if tag, err = c.family.CreateTag(ctx, tag); err != nil {
		return reply{}, nameTaken(err)
	}
	return created(showTag(tag))
}

func (a *API) updateTag(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoTag)
	if err != nil {
		return reply{}, err
	}
	f, err := changeOf[tagShape](c, "tag")
	if err != nil {
		return reply{}, err
	}
	tag, err := c.family.UpdateTag(ctx, id, func(t resourceapi.Tag) (resourceapi.Tag, error) {
		f.complaints = nil
		return changeTag(f, t)
	})
	if err != nil {
		return reply{}, nameTaken(err)
	}
	return ok(showTag(tag))
}

func (a *API) deleteTag(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoTag)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, c.family.DeleteTag(ctx, id)
}
