package household

import "time"

// SetPatience is how long c waits for a piece of an export.
func (c *Client) SetPatience(d time.Duration) { c.patience = d }
