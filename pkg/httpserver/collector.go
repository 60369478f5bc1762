package httpserver

import (
	"os"
	"runtime/debug"
)

// collectorPercent lets the heap grow to three times what is live before it is
// collected: a few MiB are live, and requests are short.
const collectorPercent = 200

// ballast counts as live and is never touched, so the system gives no memory for
// it: it keeps the collector from starting over a few MiB of garbage, and unlike
// a higher percentage does not grow with what is live.
var ballast []byte

const ballastBytes = 8 << 20

// CollectLess trades some memory for less collector work, unless the operator
// has set GOGC.
func CollectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
		ballast = make([]byte, ballastBytes)
	}
}
