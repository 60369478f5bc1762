package httpserver

import "os"

// ballastBytes counts as live and is never touched, so the system gives no memory
// for it: it keeps the collector from starting over a few MiB of garbage, and
// unlike a higher percentage it does not grow with what is live.
const ballastBytes = 16 << 20

// GCBallast trades some memory for less collector work, unless the operator
// has set GOGC. The caller keeps what it returns alive for as long as it serves.
func GCBallast() (ballast []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return make([]byte, ballastBytes)
}
