package household

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"
)

// exportPatience is how long the resource API may take for its next piece.
const exportPatience = 20 * time.Second

var (
	errCutOff = errors.New("household: the export was cut off")
	errSilent = errors.New("household: the resource API sends nothing any more")
	errParts  = errors.New("household: the export is no multipart/mixed")
)

// ExportFamily gives take the files with everything that the resource API holds of the
// family, one after the other; content can be read until take returns. Without an error
// that was all. An error of take ends it.
func (c *Client) ExportFamily(ctx context.Context, familyID string, take func(name string, content io.Reader) error) error {
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	wait := time.AfterFunc(c.patience, func() { give(errSilent) })
	defer wait.Stop()
	req, err := c.request(ctx, http.MethodGet, familyID, http.NoBody, "/export")
	if err != nil {
		return err
	}
	res, err := c.files.Do(req)
	if err != nil {
		return fmt.Errorf("household: %w", errors.Join(err, context.Cause(ctx)))
	}
	defer res.Body.Close() //nolint:errcheck // nothing is read that could be lost
	if res.StatusCode != http.StatusOK {
		return answered(res.StatusCode)
	}
	kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return errParts
	}
	body := &watched{body: res.Body, wait: wait, most: c.patience}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && body.endsWith(params["boundary"]) {
			return nil
		}
		if err != nil { // its text may hold a line of the family's data
			return errors.Join(errCutOff, context.Cause(ctx))
		}
		if err := take(part.FileName(), complete{part}); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// watched is the body of an answer, whose reader waits for a piece as long as the timer
// lets it. It keeps the end: a multipart.Reader takes an answer that breaks off in the
// header of a part for a whole one.
type watched struct {
	body io.Reader
	wait *time.Timer
	most time.Duration
	end  []byte
}

// longestEnd is more than the last boundary with all that belongs to it (RFC 2046
// section 5.1.1).
const longestEnd = 128

// Read implements io.Reader.
func (w *watched) Read(b []byte) (int, error) {
	w.wait.Reset(w.most)
	defer w.wait.Stop() // what is done with the piece takes as long as it takes
	n, err := w.body.Read(b)
	w.end = append(w.end, b[max(0, n-longestEnd):n]...)
	w.end = w.end[max(0, len(w.end)-longestEnd):]
	return n, err
}

// endsWith reads the rest and reports whether the last boundary is its end.
func (w *watched) endsWith(boundary string) bool {
	_, err := io.Copy(io.Discard, w)
	return err == nil && bytes.HasSuffix(bytes.TrimRight(w.end, "\r\n"), []byte("\n--"+boundary+"--"))
}

// complete is a file, whose end is that of its part alone.
type complete struct{ part io.Reader }

// Read implements io.Reader.
func (c complete) Read(b []byte) (int, error) {
	n, err := c.part.Read(b)
	if err != nil && err != io.EOF {
		err = errCutOff
	}
	return n, err
}
