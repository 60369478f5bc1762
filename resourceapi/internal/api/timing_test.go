package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"latchkey/pkg/testenv"
)

// TestAForeignIDCostsWhatAMissingOneDoes asks every route for every id of
// another family, in path, query and body, and for ids nobody has, and compares
// the statements that reach PostgreSQL: the same ones in the same order, so the
// time an answer takes cannot depend on whose the id is.
func TestAForeignIDCostsWhatAMissingOneDoes(t *testing.T) {
	testenv.NeedPostgres(t)
	address := makeDatabase(t, testenv.Production)
	behind := serve(t, testenv.Production, connect(t, address)) // its workers are not counted
	victim := behind.household()
	counter, through := testenv.CountStatements(t, address)
	s := front(t, testenv.Production, connect(t, through), behind.people)
	stranger := s.family()
	own := stranger.mine()
	statements := func(p probe) []string {
		counter.Take()
		stranger.do(p.method, p.path, p.body)
		return counter.Take()
	}
	seen := 0
	for _, id := range victim.ids() {
		missing := uuid.NewString()
		for i, p := range probes(id, own) {
			foreign, absent := statements(p), statements(probes(missing, own)[i])
			if diff := cmp.Diff(absent, foreign); diff != "" {
				t.Errorf("%s %s: a foreign id sends other statements than a missing one:\n%s", p.method, p.path, diff)
			}
			seen += len(foreign)
		}
	}
	if seen == 0 {
		t.Error("no statement was counted: the proxy sees nothing")
	}
}

// Each id is asked for at least fewRounds times, and at most manyRounds while the
// fastest answers are far apart: a busy machine delays nearly all of them.
const (
	fewRounds  = 4
	manyRounds = 100
)

// farApart is the ratio that an attacker could measure easily.
const farApart = 2

// TestAForeignIDTakesAsLongAsAMissingOne measures the same requests on both engine
// sets. The test above shows that the statements are the same; this one would notice a
// wait or a computation without a statement. It compares the fastest answers: other work
// of the machine only adds to a time, and what the service does is in every answer.
func TestAForeignIDTakesAsLongAsAMissingOne(t *testing.T) {
	eachSetAlone(t, func(t *testing.T, s *service) {
		if sabotaged && s.set == testenv.Embedded {
			return // as in TestFamiliesNeverMix
		}
		victim := s.household()
		stranger := s.family()
		own := stranger.mine()
		for i, first := range probes(uuid.NewString(), own) {
			foreign, absent := time.Hour, time.Hour
			apart := func() bool { return foreign > farApart*absent || absent > farApart*foreign }
			for round := 0; round < fewRounds || (apart() && round < manyRounds); round++ {
				for _, id := range victim.ids() {
					absent = min(absent, stranger.timed(probes(uuid.NewString(), own)[i]))
					foreign = min(foreign, stranger.timed(probes(id, own)[i]))
				}
			}
			if apart() {
				t.Errorf("%s %s: %s for a foreign id, %s for a missing one", first.method, first.path, foreign, absent)
			}
		}
	})
}

// timed sends a request and returns how long the answer took.
func (c *caller) timed(p probe) time.Duration {
	c.s.t.Helper()
	var payload io.Reader
	if p.body != nil {
		raw, err := json.Marshal(p.body)
		if err != nil {
			c.s.t.Fatal(err)
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(p.method, c.s.url+p.path, payload)
	if err != nil {
		c.s.t.Fatal(err)
	}
	req.Header = c.header.Clone()
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		c.s.t.Fatal(err)
	}
	return time.Since(began)
}

// TestProbesWalkEveryPlaceOfAnID compares the probes with the OpenAPI document: every
// route with an id in its path, every parameter and every member of a body that is an
// id has its probe.
func TestProbesWalkEveryPlaceOfAnID(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const id = "11111111-2222-4333-8444-555555555555"
	list := probes(id, mine{transaction: id})
	probed := func(method, path string, holds func(p probe) bool) bool {
		return slices.ContainsFunc(list, func(p probe) bool {
			got, _, _ := strings.Cut(p.path, "?")
			return p.method == method && got == path && holds(p)
		})
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			path := strings.ReplaceAll(path, "{id}", id)
			if strings.Contains(path, id) && !probed(method, path, func(probe) bool { return true }) {
				t.Errorf("no probe for %s %s", method, path)
			}
			for _, parameter := range operation.Parameters {
				name := parameter.Value.Name
				if parameter.Value.In != "query" || !namesAnID(strings.TrimSuffix(name, "[]")) {
					continue
				}
				if !probed(method, path, func(p probe) bool { return strings.Contains(p.path, name+"="+id) }) {
					t.Errorf("no probe for %s %s?%s=", method, path, name)
				}
			}
			for _, member := range bodyIDs(operation) {
				holds := func(p probe) bool {
					raw, _ := json.Marshal(p.body)
					return strings.Contains(string(raw), `"`+member+`":"`+id) || strings.Contains(string(raw), `"`+member+`":["`+id)
				}
				if !probed(method, path, holds) {
					t.Errorf("no probe for %s in the body of %s %s", member, method, path)
				}
			}
		}
	}
}

func namesAnID(name string) bool {
	return name != "external_id" && (strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids"))
}

// bodyIDs returns the members of an operation's JSON body that name an id.
func bodyIDs(operation *openapi3.Operation) (names []string) {
	if operation.RequestBody == nil {
		return nil
	}
	var walk func(schema *openapi3.SchemaRef)
	walk = func(schema *openapi3.SchemaRef) {
		if schema == nil || schema.Value == nil {
			return
		}
		for name, member := range schema.Value.Properties {
			if namesAnID(name) {
				names = append(names, name)
			}
			walk(member)
		}
		walk(schema.Value.Items)
		for _, part := range slices.Concat(schema.Value.AllOf, schema.Value.AnyOf, schema.Value.OneOf) {
			walk(part)
		}
	}
	for _, content := range operation.RequestBody.Value.Content {
		walk(content.Schema)
	}
	return names
}
