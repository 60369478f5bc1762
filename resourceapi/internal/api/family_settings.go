package api

import (
	"context"

	"latchkey/resourceapi"
)

type familySettingsShape struct {
	Currency string           `json:"currency"`
	TimeZone string           `json:"time_zone"`
	Today    resourceapi.Date `json:"today"`
}

// showFamilySettings answers with what the family has chosen, and the day it is there.
func (a *API) showFamilySettings(ctx context.Context, c *call) (reply, error) {
	own, err := c.family.Settings(ctx)
	if err != nil {
		return reply{}, err
	}
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	return ok(familySettingsShape{string(own.Currency), string(own.TimeZone), today})
}

func (a *API) updateFamilySettings(ctx context.Context, c *call) (reply, error) {
	f, err := changeOf[familySettingsShape](c, "family_settings")
	if err != nil {
		return reply{}, err
	}
	own, err := c.family.Settings(ctx)
	if err != nil {
		return reply{}, err
	}
	zone := own.TimeZone
	if text := f.text("time_zone", "Time zone"); text.Set && len(f.complaints) == 0 {
		if zone, err = resourceapi.ParseTimeZone(text.Value); err != nil {
			f.complain("Time zone " + err.Error())
		}
	}
	if currency := f.text("currency", "Currency"); currency.Set && currency.Value != string(own.Currency) {
		f.complain("Currency cannot be changed")
	}
	if err := f.refuse("Family settings could not be updated"); err != nil {
		return reply{}, err
	}
	seen := ""
	if c.caller == nil { // the authorization server, with what the family was shown
		seen = c.URL.Query().Get("seen")
	}
	if err := c.family.SetTimeZone(ctx, seen, zone); err != nil {
		return reply{}, err
	}
	return a.showFamilySettings(ctx, c)
}
