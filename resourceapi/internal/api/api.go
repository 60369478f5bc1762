// Package api answers /api/v1 of the resource API in the shapes of the
// published contract (docs/contract.md). It reads requests, calls the store for
// the caller's family, and writes JSON. The guard decides who may call.
package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"latchkey/pkg/apidoc"
	"latchkey/pkg/apierror"
	"latchkey/pkg/body"
	"latchkey/pkg/branding"
	"latchkey/pkg/fault"
	"latchkey/pkg/guard"
	"latchkey/pkg/httpserver"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// Options are what the endpoints need.
type Options struct {
	Store     *store.Store
	Guard     *guard.Guard
	Resource  string        // public address of this API, the RFC 8707 resource
	Issuer    string        // of the authorization server
	BodyLimit int64         // bytes of a JSON or form body
	Erasure   *guard.Shared // nil: nobody may erase
	Program   httpserver.Program
	Branding  branding.Branding // of the pages at /docs
	Logger    *slog.Logger
}

// API are the endpoints.
type API struct {
	Options
	documents *apidoc.Documents
	places    places // for requests with large bodies
	exports   places
	mcp       *assistants
}

// New returns the endpoints; Mount makes them reachable.
func New(opts Options) (*API, error) {
	if opts.BodyLimit <= 0 {
		opts.BodyLimit = 1 << 20
	}
	documents, err := apidoc.New(apidoc.Options{
		Description: openAPI, Service: apidoc.ResourceAPI, Server: opts.Resource, APIURL: opts.Resource, Issuer: opts.Issuer, Branding: opts.Branding,
	})
	if err != nil {
		return nil, err
	}
	a := &API{Options: opts, documents: documents, places: newPlaces(largeBodies), exports: newPlaces(exportsAtOnce)}
	a.mcp, err = newAssistants(a, documents.JSON())
	return a, err
}

// call is one request of an admitted caller.
type call struct {
	*http.Request
	api    *API
	caller *guard.Principal
	family *store.Family
	limits body.Limits
}

// reply is an answer to be written. A nil body is no body at all.
type reply struct {
	status  int
	body    any
	noStore bool // the next answer to the same request differs: no entity tag, nothing to keep
}

func ok(body any) (reply, error) { return reply{status: http.StatusOK, body: body}, nil }
func okNoStore(body any) (reply, error) {
	return reply{status: http.StatusOK, body: body, noStore: true}, nil
}
func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }

// action answers a call. It writes under ctx, which may hold a transaction.
type action func(ctx context.Context, c *call) (reply, error)

// admitted puts the guard in front of act.
func (a *API) admitted(need guard.Requirement, act action, render httpserver.Renderer) http.Handler {
	return httpserver.Handle(a.Guard.Admit(need, a.endpoint(act)), render)
}

func (a *API) endpoint(act action) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request, caller *guard.Principal) error {
		family, valid := resourceapi.ParseID(caller.FamilyID)
		if !valid {
			return fault.New(fault.Unauthenticated, "Access token is invalid - missing resource owner")
		}
		c := &call{Request: r, api: a, caller: caller, family: a.Store.Family(family), limits: body.Limits{Bytes: a.BodyLimit}}
		if large(r) {
			release, err := a.places.take(r.Context())
			if err != nil {
				return err
			}
			defer release()
		}
		var got reply
		var err error
		if r.Method == http.MethodPost && len(r.Header.Values(idempotencyHeader)) > 0 {
			got, err = c.once(r.Context(), w, act)
		} else {
			got, err = act(r.Context(), c)
		}
		if err != nil {
			return err
		}
		return write(w, r, got)
	}
}

// write answers with got as JSON. The answer to a read has an ETag of its bytes; a
// caller who has these bytes already gets 304 (RFC 9110 section 13.1.2).
func write(w http.ResponseWriter, r *http.Request, got reply) error {
	if got.body == nil {
		w.WriteHeader(got.status)
		return nil
	}
	out := encoders.Get().(*encoder) //nolint:forcetypeassert // the pool makes nothing else
	defer encoders.Put(out)
	if parts, large := got.body.(piecewise); large {
		typeHeader.Apply(w.Header())
		w.WriteHeader(got.status)
		return out.send(w, parts)
	}
	raw, err := out.encode(got.body)
	if err != nil {
		return err
	}
	h := w.Header()
	if got.status == http.StatusOK && !got.noStore && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		tag := entityTag(raw)
		h["Etag"] = []string{tag}
		readHeaders.Apply(h)
		if asked := r.Header["If-None-Match"]; asked != nil && matches(asked, tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	typeHeader.Apply(h)
	if len(raw) > smallAnswer {
		h["Content-Length"] = []string{strconv.Itoa(len(raw))}
	}
	w.WriteHeader(got.status)
	_, _ = w.Write(raw) // the write fails when the client has gone
	return nil
}

// A private cache may keep the answer to a read and must validate it each time. The
// entity tag depends on the bytes, so a caller with another credential never gets a
// wrong 304. That is why there is no Vary field.
var (
	readHeaders = httpserver.NewHeaders("Cache-Control", "private, no-cache")
	typeHeader  = httpserver.NewHeaders("Content-Type", "application/json; charset=utf-8")
)

// smallAnswer is the size in bytes up to which net/http sets Content-Length itself.
// It sends longer answers in chunks.
const smallAnswer = 2 << 10

// entityTag is a strong validator (RFC 9110 section 8.8.3) of raw.
func entityTag(raw []byte) string {
	sum := sha256.Sum256(raw)
	var tag [2 + 22]byte // 16 bytes in base64, quoted
	tag[0], tag[len(tag)-1] = '"', '"'
	base64.RawURLEncoding.Encode(tag[1:len(tag)-1], sum[:16])
	return string(tag[:])
}

func matches(fields []string, tag string) bool {
	for _, field := range fields {
		for candidate := range strings.SplitSeq(field, ",") {
			candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
			if candidate == tag || candidate == "*" {
				return true
			}
		}
	}
	return false
}

// message is an answer of one sentence.
type message struct {
	Message string `json:"message"`
}

// render answers in the shape of docs/contract.md, "Errors".
func render(w http.ResponseWriter, r *http.Request, err error) { apierror.Write(w, r, err) }
