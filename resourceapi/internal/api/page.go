package api

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

const (
	defaultPerPage = 25
	maxPerPage     = 100
)

// page reads page and per_page. A value that is not a number, or is below 1, is the
// default; per_page is at most 100 (docs/contract.md, "Lists").
func (q *query) page() store.Page {
	p := store.Page{Number: count(q.last("page"), 1), Size: count(q.last("per_page"), defaultPerPage)}
	p.Size = min(p.Size, maxPerPage)
	return p
}

func count(text string, otherwise int) int {
	text = strings.TrimSpace(text)
	n, err := strconv.Atoi(text)
	if err != nil && len(text) > 9 && strings.Trim(text, "0123456789") == "" {
		return 1<<31 - 1
	}
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, 1<<31-1)
}

// pagination is the object of that name in docs/contract.md, "Lists", and
// "meta" of syncs.
type pagination struct {
	Page       int  `json:"page"`
	PerPage    int  `json:"per_page"`
	TotalCount int  `json:"total_count"`
	TotalPages int  `json:"total_pages"`
	Capped     bool `json:"total_count_capped,omitempty"`
	// NextCursor continues the list without counting.
	NextCursor string `json:"next_cursor,omitempty"`
}

func paged(p store.Paging) pagination {
	return pagination{Page: p.Page, PerPage: p.PerPage, TotalCount: p.Total, TotalPages: p.Pages, Capped: p.Capped}
}

// cursors is the pagination of a list read by cursor.
type cursors struct {
	PerPage    int     `json:"per_page"`
	HasMore    bool    `json:"has_more"`
	NextCursor *string `json:"next_cursor"`
}

// cursorText writes a place in a list. It needs no signature: it only says where
// the caller's own list continues.
func cursorText(c store.Cursor) string {
	id := strings.ReplaceAll(c.ID, "-", "")
	raw := make([]byte, 0, 12+len(id))
	raw = binary.BigEndian.AppendUint32(raw, uint32(c.Date)) //nolint:gosec // the same 32 bits come back in parseCursor
	raw = binary.BigEndian.AppendUint64(raw, uint64(c.CreatedAt.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(raw, id...))
}

// parseCursor reads what cursorText wrote.
func parseCursor(text string) (store.Cursor, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 12+32 {
		return store.Cursor{}, false
	}
	hex := string(raw[12:])
	id, valid := resourceapi.ParseID(hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:])
	c := store.Cursor{
		Date:      resourceapi.Date(binary.BigEndian.Uint32(raw)),                  //nolint:gosec // see cursorText
		CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(raw[4:12]))).UTC(), //nolint:gosec // see cursorText
		ID:        id,
	}
	if day := c.Date.Time().Year(); day < 1 || day > 9999 {
		return store.Cursor{}, false
	}
	if year := c.CreatedAt.Year(); year < 1 || year > 9999 {
		return store.Cursor{}, false
	}
	return c, valid
}
