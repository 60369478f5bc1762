package secret

// WithChecksum completes a text that New cannot have made.
func WithChecksum(text string) string { return string(appendChecksum([]byte(text))) }
