package httpserver

import (
	"os"
	"runtime/debug"
)

// collectorPercent lets the heap grow to three times what is live before it is
// collected: a few MiB are live, and requests are short.
const collectorPercent = 200

// CollectLess trades some memory for less collector work, unless the operator
// has set GOGC.
func CollectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
}
