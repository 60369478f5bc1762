package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/resourceapi"
)

// Bounds of an import (docs/contract.md, "Merchants").
const (
	maxFile      = 10 << 20 // bytes
	maxMerchants = 10_000
)

var errNoMerchant = fault.New(fault.NotFound, "Merchant not found")

type merchantShape struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	CreatedAt stamp  `json:"created_at"`
	UpdatedAt stamp  `json:"updated_at"`
}

func showMerchant(m resourceapi.Merchant) merchantShape {
	return merchantShape{
		ID: m.ID, Name: m.Name, Type: resourceapi.FamilyMerchant, CreatedAt: stamp(m.CreatedAt), UpdatedAt: stamp(m.UpdatedAt),
	}
}

func (a *API) listMerchants(ctx context.Context, c *call) (reply, error) {
	list, err := c.family.Merchants(ctx)
	if err != nil {
		return reply{}, err
	}
	return ok(mapped(list, showMerchant))
}

func (a *API) showMerchant(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoMerchant)
	if err != nil {
		return reply{}, err
	}
	m, err := c.family.Merchant(ctx, id)
	if err != nil {
		return reply{}, err
	}
	return ok(showMerchant(m))
}

func refuseImport(code, text string) error { return fault.New(fault.Invalid, text).WithCode(code) }

var errNoFile = refuseImport("missing_file", "A CSV file is required in the form field 'file'")

func (a *API) importMerchants(ctx context.Context, c *call) (reply, error) {
	raw, err := c.csvFile()
	if err != nil {
		return reply{}, err
	}
	list, skipped, err := parseMerchants(raw)
	if err != nil {
		return reply{}, err
	}
	made, err := c.family.ImportMerchants(ctx, list)
	if err != nil {
		return reply{}, err
	}
	return created(struct {
		Imported  int             `json:"imported"`
		Skipped   int             `json:"skipped"`
		Merchants []merchantShape `json:"merchants"`
	}{len(made), skipped + len(list) - len(made), mapped(made, showMerchant)})
}

// csvFile reads the file of a multipart form. It does not keep the other parts.
func (c *call) csvFile() ([]byte, error) {
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, errNoFile
	}
	form := multipart.NewReader(http.MaxBytesReader(nil, c.Body, LargestBody), params["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errNoFile
		}
		if err != nil {
			return nil, tooLargeImport(httpserver.BodyError(err, "The form is malformed"))
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		kind, _, err := mime.ParseMediaType(cmp.Or(part.Header.Get("Content-Type"), "text/plain")) // RFC 7578 section 4.4
		if err != nil || !slices.Contains([]string{"text/csv", "text/plain", "application/csv", "application/vnd.ms-excel"}, kind) {
			return nil, refuseImport("invalid_file_type", "The file must be a CSV file")
		}
		raw, err := io.ReadAll(io.LimitReader(part, maxFile+1))
		if err != nil {
			return nil, tooLargeImport(httpserver.BodyError(err, "The form is malformed"))
		}
		if len(raw) > maxFile {
			return nil, errFileTooLarge
		}
		return raw, nil
	}
}

var errFileTooLarge = refuseImport("file_too_large", "The file must be at most 10 MB")

func tooLargeImport(err error) error {
	if fault.Is(err, fault.TooLarge) {
		return errFileTooLarge
	}
	return err
}

func parseMerchants(raw []byte) (list []resourceapi.Merchant, skipped int, err error) {
	invalid := refuseImport("invalid_csv", "The file is not valid CSV")
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return nil, 0, invalid
	}
	reader := csv.NewReader(bytes.NewReader(raw))
	reader.FieldsPerRecord = -1
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, 0, refuseImport("missing_column", "The file must have a column 'name'")
	}
	if err != nil {
		return nil, 0, invalid
	}
	column := map[string]int{}
	for i, name := range header {
		column[strings.ToLower(strings.TrimSpace(name))] = i + 1
	}
	if column["name"] == 0 {
		return nil, 0, refuseImport("missing_column", "The file must have a column 'name'")
	}
	seen := map[string]bool{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return list, skipped, nil
		}
		if err != nil {
			return nil, 0, invalid
		}
		m := merchantOf(record, column)
		if seen[m.Name] || len(m.Check()) > 0 {
			skipped++
			continue
		}
		seen[m.Name] = true
		if list = append(list, m); len(list) > maxMerchants {
			return nil, 0, refuseImport("invalid_csv", "The file has more than 10000 merchants")
		}
	}
}

func merchantOf(record []string, column map[string]int) resourceapi.Merchant {
	field := func(name string) string {
		if i := column[name]; i > 0 && i <= len(record) {
			return strings.TrimSpace(record[i-1])
		}
		return ""
	}
	m := resourceapi.Merchant{Name: field("name"), Color: field("color")}
	if m.Color == "" {
		m.Color = resourceapi.TagColors[len(m.Name)%len(resourceapi.TagColors)]
	}
	website := field("website_url")
	if website == "" {
		website = field("website")
	}
	if website != "" {
		m.WebsiteURL = &website
	}
	return m
}
