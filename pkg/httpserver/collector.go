package httpserver

import (
	"os"
	"runtime/debug"
)

// collectorPercent lets the heap grow to three times what is live before it is
// collected: a few MiB are live, and requests are short.
const collectorPercent = 200

// ballastBytes counts as live and is never touched, so the system gives no memory
// for it: it keeps the collector from starting over a few MiB of garbage, and
// unlike a higher percentage it does not grow with what is live.
const ballastBytes = 8 << 20

// CollectLess trades some memory for less collector work, unless the operator
// has set GOGC. The caller keeps what it returns alive for as long as it serves.
func CollectLess() (ballast []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(collectorPercent)
	return make([]byte, ballastBytes)
}
