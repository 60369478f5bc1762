package api

import (
	"context"
	"net/http"

	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var errNoSync = fault.New(fault.NotFound, "The requested resource was not found").WithCode("record_not_found")

type syncable struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

type failure struct {
	Message string `json:"message"`
}

type syncShape struct {
	ID              string            `json:"id"`
	Status          string            `json:"status"`
	InProgress      bool              `json:"in_progress"`
	Terminal        bool              `json:"terminal"`
	Syncable        syncable          `json:"syncable"`
	ParentID        *string           `json:"parent_id"`
	ChildrenCount   int               `json:"children_count"`
	WindowStartDate *resourceapi.Date `json:"window_start_date"`
	WindowEndDate   *resourceapi.Date `json:"window_end_date"`
	PendingAt       *stamp            `json:"pending_at"`
	SyncingAt       *stamp            `json:"syncing_at"`
	CompletedAt     *stamp            `json:"completed_at"`
	FailedAt        *stamp            `json:"failed_at"`
	Error           *failure          `json:"error"`
	CreatedAt       stamp             `json:"created_at"`
	UpdatedAt       stamp             `json:"updated_at"`
}

func showSync(s resourceapi.Sync) syncShape {
	shape := syncShape{
		ID: s.ID, Status: s.Status, InProgress: s.InProgress(), Terminal: !s.InProgress(),
		Syncable: syncable{s.SyncableType, s.SyncableID, s.SyncableName}, ParentID: s.ParentID, ChildrenCount: s.Children,
		WindowStartDate: s.WindowStart, WindowEndDate: s.WindowEnd,
		PendingAt: stampOf(&s.PendingAt), SyncingAt: stampOf(s.SyncingAt), CompletedAt: stampOf(s.CompletedAt), FailedAt: stampOf(s.FailedAt),
		CreatedAt: stamp(s.CreatedAt), UpdatedAt: stamp(s.UpdatedAt),
	}
	if s.SyncableType == resourceapi.SyncOfFamily {
		shape.Syncable.Name = "Family"
	}
	switch s.Status {
	case resourceapi.SyncFailed:
		shape.Error = &failure{"Sync failed"}
	case resourceapi.SyncStale:
		shape.Error = &failure{"Sync did not finish in time"}
	}
	return shape
}

func (a *API) listSyncs(ctx context.Context, c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	list, paging, err := c.family.Syncs(ctx, q.page())
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Data []syncShape `json:"data"`
		Meta pagination  `json:"meta"`
	}{mapped(list, showSync), paged(paging)})
}

type syncData struct {
	Data *syncShape `json:"data"`
}

func (a *API) latestSync(ctx context.Context, c *call) (reply, error) {
	s, found, err := c.family.LatestSync(ctx)
	if err != nil || !found {
		return reply{status: http.StatusOK, body: syncData{}}, err
	}
	shape := showSync(s)
	return ok(syncData{&shape})
}

func (a *API) showSync(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoSync)
	if err != nil {
		return reply{}, err
	}
	s, err := c.family.Sync(ctx, id)
	if err != nil {
		return reply{}, err
	}
	shape := showSync(s)
	return ok(syncData{&shape})
}

func (a *API) startSync(ctx context.Context, c *call) (reply, error) {
	s, err := c.family.StartSync(ctx, "")
	if err != nil {
		return reply{}, err
	}
	return accepted(s, "Family sync has been queued")
}

func (a *API) startAccountSync(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoAccount)
	if err != nil {
		return reply{}, err
	}
	s, err := c.family.StartSync(ctx, id)
	if err != nil {
		return reply{}, err
	}
	return accepted(s, "Account sync has been queued")
}

func accepted(s resourceapi.Sync, text string) (reply, error) {
	return reply{status: http.StatusAccepted, body: struct {
		ID              string            `json:"id"`
		Status          string            `json:"status"`
		SyncableType    string            `json:"syncable_type"`
		SyncableID      string            `json:"syncable_id"`
		SyncingAt       *stamp            `json:"syncing_at"`
		CompletedAt     *stamp            `json:"completed_at"`
		WindowStartDate *resourceapi.Date `json:"window_start_date"`
		WindowEndDate   *resourceapi.Date `json:"window_end_date"`
		Message         string            `json:"message"`
	}{
		s.ID, s.Status, s.SyncableType, s.SyncableID, stampOf(s.SyncingAt), stampOf(s.CompletedAt), s.WindowStart, s.WindowEnd, text,
	}}, nil
}
