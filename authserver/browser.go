package authserver

import "time"

// BrowserLife is how long a browser is known again after its last sign-in: as
// long as browsers keep a cookie at most.
const BrowserLife = 400 * 24 * time.Hour
