package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/httpserver"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// An export is everything that a family has here: files, one after the other, as
// multipart/mixed (RFC 2046). It is whole when its last boundary is there.

const (
	// exportMost is how long an export may take, and exportPiece how long its reader
	// may take for a piece.
	exportMost  = 30 * time.Minute
	exportPiece = time.Minute
	// exportsAtOnce is how many are sent at once. Each holds a page of rows.
	exportsAtOnce = 8
)

// exportedFile is a file of an export, and the tables whose rows are in it.
type exportedFile struct {
	name   string
	tables []string
	write  func(ctx context.Context, f *store.Family, w io.Writer) (rows int, err error)
}

func exportedFiles() []exportedFile {
	return []exportedFile{
		{"family.json", []string{"families"}, exportSettings},
		{"accounts.json", []string{"accounts"}, listOf((*store.Family).EachAccount, showAccount)},
		{"categories.json", []string{"categories"}, listOf((*store.Family).EachCategory, showCategory)},
		{"merchants.json", []string{"merchants"}, listOf((*store.Family).EachMerchant, exportMerchant)},
		{"tags.json", []string{"tags"}, listOf((*store.Family).EachTag, showTag)},
		{"transactions.json", []string{"transactions", "transaction_tags"}, listOf((*store.Family).EachTransaction, showTransaction)},
		{"transactions.csv", []string{"transactions", "transaction_tags"}, exportSheet},
		{"valuations.json", []string{"valuations"}, listOf((*store.Family).EachValuation, exportValuation)},
		{"balances.json", []string{"balances"}, listOf((*store.Family).EachBalance, exportBalance)},
		{"syncs.json", []string{"syncs"}, listOf((*store.Family).EachSync, showSync)},
	}
}

// ExportedTables returns the tables whose rows an export holds.
func ExportedTables() (tables []string) {
	for _, file := range exportedFiles() {
		tables = append(tables, file.tables...)
	}
	return tables
}

// contents is the last file of an export. It says what must be in the others.
type contents struct {
	FamilyID   string         `json:"family_id"`
	ExportedAt stamp          `json:"exported_at"`
	Complete   bool           `json:"complete"`
	Rows       map[string]int `json:"rows"` // by file
}

// exportFamily sends all files of the family in the path. A failure in the midst cuts
// the answer off.
func (a *API) exportFamily(w http.ResponseWriter, r *http.Request) error {
	id, valid := resourceapi.ParseID(mux.Vars(r)["id"])
	if !valid {
		return errNoRoute
	}
	release, err := a.exports.take(r.Context())
	if err != nil {
		return err
	}
	defer release()
	family := a.Store.Family(id)
	family.Reread()
	if _, err := family.Settings(r.Context()); err != nil {
		return err
	}
	stream, r, end := httpserver.NewStream(w, r, exportMost, exportPiece)
	defer end()
	parts := multipart.NewWriter(stream)
	w.Header().Set("Content-Type", mime.FormatMediaType("multipart/mixed", map[string]string{"boundary": parts.Boundary()}))
	if r.Method == http.MethodHead {
		return nil
	}
	if err := sendFiles(r.Context(), a.Store.Now(), family, parts); err != nil { //nolint:contextcheck // it is the request's, without its deadline
		httpserver.Cause(r.Context(), err) //nolint:contextcheck // it is the request's, without its deadline
		panic(http.ErrAbortHandler)        // an export without its end must not look whole
	}
	return nil
}

func sendFiles(ctx context.Context, now time.Time, family *store.Family, parts *multipart.Writer) error {
	all := contents{FamilyID: family.ID(), ExportedAt: stamp(now), Complete: true, Rows: map[string]int{}}
	for _, file := range exportedFiles() {
		err := sendFile(parts, file.name, func(w io.Writer) (err error) {
			all.Rows[file.name], err = file.write(ctx, family, w)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := sendFile(parts, "contents.json", func(w io.Writer) error { return writeIndented(w, all) }); err != nil {
		return err
	}
	return parts.Close() //nolint:wrapcheck // of the connection
}

func sendFile(parts *multipart.Writer, name string, write func(w io.Writer) error) error {
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": name})},
	})
	if err != nil {
		return fmt.Errorf("export %s: %w", name, err)
	}
	buffered := bufio.NewWriterSize(part, 32<<10)
	if err := write(buffered); err != nil {
		return fmt.Errorf("export %s: %w", name, err)
	}
	return buffered.Flush() //nolint:wrapcheck // of the connection
}

func writeIndented(w io.Writer, body any) error {
	out := newEncoder()
	out.json.SetIndent("", "  ")
	raw, err := out.encode(body)
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err //nolint:wrapcheck // of the connection
}

// listOf writes what each gives as a JSON array with a member a line.
func listOf[T, S any](each func(f *store.Family, ctx context.Context, fn func([]T) error) error, show func(T) S,
) func(ctx context.Context, f *store.Family, w io.Writer) (int, error) {
	return func(ctx context.Context, f *store.Family, w io.Writer) (rows int, err error) {
		out, before := newEncoder(), "[\n"
		err = each(f, ctx, func(list []T) error {
			out.buf.Reset()
			for _, one := range list {
				_, _ = out.buf.WriteString(before) // into memory
				if err := out.part(show(one)); err != nil {
					return err
				}
				before = ",\n"
			}
			rows += len(list)
			_, err := w.Write(out.buf.Bytes())
			return err //nolint:wrapcheck // of the connection
		})
		if err != nil {
			return rows, err
		}
		after := "\n]\n"
		if rows == 0 {
			after = "[]\n"
		}
		_, err = io.WriteString(w, after)
		return rows, err //nolint:wrapcheck // of the connection
	}
}

func exportSettings(ctx context.Context, f *store.Family, w io.Writer) (int, error) {
	own, err := f.Settings(ctx)
	if err != nil {
		return 0, err
	}
	since, err := f.CreatedAt(ctx)
	if err != nil {
		return 0, err
	}
	return 1, writeIndented(w, struct {
		ID        string `json:"id"`
		Currency  string `json:"currency"`
		TimeZone  string `json:"time_zone"`
		CreatedAt stamp  `json:"created_at"`
	}{f.ID(), string(own.Currency), string(own.TimeZone), stamp(since)})
}
