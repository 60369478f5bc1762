# Everything is run from here. `make` prints the list.

MODULES := pkg pkg/e2e/openid pkg/e2e resourceapi authserver
PATTERN := ./pkg/e2e $(MODULES:%=./%/...) # what takes longest begins first
FOLDERS := authserver resourceapi pkg # every module is below one of them

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)

# No C compiler is needed; only the race detector wants one.
export CGO_ENABLED ?= 0

# Everything is compiled as it is shipped, so that the demo, the binaries and the
# tests share one build cache.
export GOFLAGS := $(strip $(shell go env GOFLAGS) -trimpath)

GOLANGCI_VERSION    := v2.15.0
TEMPL_VERSION       := v0.3.1100
GOVULNCHECK_VERSION := latest
TOOLS    := bin/tools
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
TEMPL    := $(CURDIR)/$(TOOLS)/templ-$(TEMPL_VERSION)
REPORT   := go run ./pkg/testenv/cmd/testreport

.DEFAULT_GOAL := help

.PHONY: help
help: ## print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile

## ---- run it

.PHONY: demo
demo: ## play the main job from end to end on embedded engines, then stop
	@echo 'Compiling the demo …'
	@go run ./pkg/e2e/cmd/demo

.PHONY: run
run: build ## both services on 127.0.0.1:8080 and :8081, data kept in data/
	@deploy/run.sh

.PHONY: seed
seed: build ## a demo family, user and client in data/
	@deploy/run.sh seed

.PHONY: migrate
migrate: build ## bring the databases named by the environment (default data/) up to date
	bin/authserver migrate up
	bin/resourceapi migrate up

.PHONY: build
build: ## static binaries of both services in bin/
	@mkdir -p bin
	go build -ldflags '$(LDFLAGS)' -o bin/authserver ./authserver/cmd/authserver
	go build -ldflags '$(LDFLAGS)' -o bin/resourceapi ./resourceapi/cmd/resourceapi

## ---- test it

# The commands of these run beside a PostgreSQL and a Redis of their own.
test browser stress race race-concurrent e2e races isolation: SHELL := pkg/testenv/engines.sh

# These put load on the machine and measure times, so nothing runs beside them.
ALONE := ./pkg/e2e/chaos ./pkg/e2e/load

# -count=1: go would show an old result of the end-to-end tests, for it does not know
# that they build the services. -s -w: sixty programs are linked, which nobody debugs.
GOTEST := go test -json -count=1 -timeout 60m -tags browser -ldflags '-s -w'

# These drive a browser, which takes longer than all others do.
BROWSER := ^TestBrowser[A-Z]

# These give and take access as fast as they can for a minute each.
RACES := ^Test(A2_WhatIsGivenWhileAccessEnds|A6_WhateverRedisDoes|CrashesOfEitherService)

.PHONY: test
test: ## everything but browser and stress, on all engines there are programs of
	@others=$$(go list $(PATTERN) | grep -vE '/e2e/(chaos|load)$$'); \
	$(GOTEST) -skip '$(BROWSER)|$(RACES)' $$others | $(REPORT) -packages $$(echo "$$others" | wc -l)

.PHONY: browser
browser: ## the pages in a real browser (TEST_CHROMIUM, or chromium on the PATH): axe, the keyboard, sizes, scripts off
	@$(GOTEST) -run '$(BROWSER)' ./pkg/e2e | $(REPORT) -packages 1

.PHONY: stress
stress: ## the tests that want the machine for themselves: load, outages under load, races (five minutes)
	@{ $(GOTEST) -p 1 $(ALONE); $(GOTEST) -run '$(RACES)' ./pkg/e2e; } | $(REPORT) -packages $(words $(ALONE) ./pkg/e2e)

.PHONY: race
race: ## the tests under the race detector (needs a C compiler)
	@CGO_ENABLED=1 go test -json -race -count=1 -timeout 60m -tags browser $(PATTERN) | CGO_ENABLED=0 $(REPORT) -packages $$(go list $(PATTERN) | wc -l)

# Our packages that start goroutines or share memory between them. Left out are
# the commands, whose tests watch other processes, and resourceapi's routes,
# whose tests are many: make race has them all.
CONCURRENT = $(shell grep -rlE '"(sync|sync/atomic|golang.org/x/sync/[a-z]+)"|^\s*go [a-z]' --include='*.go' $(FOLDERS) \
	| grep -vE '_test\.go$$|third_party|/cmd/|^pkg/(e2e|testenv)/|/storetest/|^resourceapi/internal/api/' | xargs -n1 dirname | sort -u | sed 's|^|./|')

.PHONY: race-concurrent
race-concurrent: ## the race detector on the packages with concurrency
	@CGO_ENABLED=1 go test -json -race -timeout 30m $(CONCURRENT) | CGO_ENABLED=0 $(REPORT) -packages $(words $(CONCURRENT))

.PHONY: cover
cover: ## test coverage by package, and coverage/index.html
	@mkdir -p coverage
	go test -timeout 30m -coverprofile=coverage/all.out -coverpkg=$$(echo $(PATTERN) | tr ' ' ',') $(PATTERN)
	go tool cover -html=coverage/all.out -o coverage/index.html
	@go tool cover -func=coverage/all.out | tail -1

.PHONY: e2e
e2e: ## only the tests that drive both services from outside
	@go test -json -timeout 30m -count=1 ./pkg/e2e/... | $(REPORT)

.PHONY: races
races: ## access that ends while it is given: 200 rounds on PostgreSQL, 50 on SQLite
	@RACES=all go test -json -timeout 60m -count=1 -run TestA2_ ./pkg/e2e/... | $(REPORT)

.PHONY: isolation
isolation: ## the isolation tests with the family predicate taken out of every statement
	@go test -json -timeout 30m -count=1 -tags sabotage -run 'Sabotage|FamiliesNeverMix|RowSecurity|AForeignID' ./resourceapi/internal/api | $(REPORT)

.PHONY: screenshots
screenshots: ## every page, phone and desktop, light and dark, in coverage/screenshots/
	SCREENSHOTS=$(CURDIR)/coverage/screenshots go test -timeout 30m -count=1 -tags browser,screenshots -run Screenshots -v ./pkg/e2e/...

.PHONY: bench
bench: ## what a request costs, beside the bare work it contains (needs PostgreSQL and Redis)
	go run ./pkg/e2e/cmd/bench

.PHONY: bench-large
bench-large: ## introspection among five million grants, beside ten thousand (minutes, and 10 GB of disk)
	go run ./pkg/e2e/cmd/bench -large

.PHONY: chaos
chaos: ## take engines, hosts and services away under load, and write docs/outages.md (ten minutes)
	go test -count=1 -timeout 30m -v -run TestOutages ./pkg/e2e/chaos -args -full -write

.PHONY: chaos-short
chaos-short: ## the same with short faults (make stress has it too)
	go test -count=1 -timeout 30m -v -run TestOutages ./pkg/e2e/chaos -args -write

.PHONY: load
load: ## two replicas of each service, 600 connections for ten minutes, and write the tables of docs/scale.md
	go test -count=1 -timeout 30m -v -run TestLoad ./pkg/e2e/load -args -for 10m -connections 600 -saturate 20s -write

FUZZTIME ?= 1m
.PHONY: fuzz
fuzz: ## every fuzz test for FUZZTIME (1m) each
	@set -e; for folder in $(FOLDERS); do \
	  grep -rlE '^func Fuzz' $$folder --include='*_test.go' | xargs -r -n1 dirname | sort -u | while read -r dir; do \
	    grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -c6- | while read -r name; do \
	      echo "$$dir $$name"; go test ./$$dir -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME); \
	    done; done; done

## ---- keep it tidy

$(GOLANGCI):
	@mkdir -p $(TOOLS)
	GOBIN=$(CURDIR)/$(TOOLS) GOWORK=off go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/golangci-lint $(GOLANGCI)

$(TEMPL):
	@mkdir -p $(TOOLS)
	GOBIN=$(CURDIR)/$(TOOLS) GOWORK=off go install github.com/a-h/templ/cmd/templ@$(TEMPL_VERSION)
	@mv $(TOOLS)/templ $(TEMPL)

.PHONY: generate
generate: $(TEMPL) ## write the Go code of the pages from their .templ files
	@set -e; for folder in $(FOLDERS); do (cd $$folder && $(TEMPL) generate -log-level warn); done

.PHONY: generate-check
generate-check: $(TEMPL) ## fail where `make generate` would change something
	@for file in $$(find $(FOLDERS) -name '*_templ.go'); do \
	  test -f "$${file%_templ.go}.templ" || { echo "$$file has no .templ file"; exit 1; }; done
	@set -e; for folder in $(FOLDERS); do (cd $$folder && $(TEMPL) generate -check -log-level warn); done

.PHONY: length-check
length-check: # Go files are looked at by the linters
	@find $(FOLDERS) deploy .ci -type d -name node_modules -prune -o -type f \
	  \( -name '*.templ' -o -name '*.css' -o -name '*.js' -o -name '*.mjs' -o -name '*.sh' -o -path .ci/run \) \
	  -exec awk 'FNR == 301 {print FILENAME " has more than 300 lines"; long = 1} END {exit long}' {} +

.PHONY: lint
lint: $(GOLANGCI) generate-check length-check ## golangci-lint, module by module
	@failed=; for module in $(MODULES); do echo "lint $$module"; \
	  (cd $$module && $(CURDIR)/$(GOLANGCI) run --allow-parallel-runners --config $(CURDIR)/.golangci.yml ./...) || failed=1; done; test -z "$$failed"

.PHONY: fmt
fmt: $(GOLANGCI) $(TEMPL) ## gofumpt and gci, and templ's own
	@set -e; for module in $(MODULES); do (cd $$module && $(CURDIR)/$(GOLANGCI) fmt --config $(CURDIR)/.golangci.yml); done
	@$(TEMPL) fmt -log-level warn $(FOLDERS)

.PHONY: fmt-check
fmt-check: $(GOLANGCI) $(TEMPL) ## fail where `make fmt` would change something
	@set -e; for module in $(MODULES); do (cd $$module && $(CURDIR)/$(GOLANGCI) fmt --diff --config $(CURDIR)/.golangci.yml); done
	@set -e; for file in $$(find $(FOLDERS) -name '*.templ'); do $(TEMPL) fmt -log-level warn -stdout $$file | diff -u $$file -; done

.PHONY: tidy
tidy: ## go mod tidy in every module, and the workspace in step
	@set -e; for module in $(MODULES); do (cd $$module && GOWORK=off go mod tidy); done
	go work sync
	@set -e; for module in $(MODULES); do (cd $$module && GOWORK=off go mod tidy); done

.PHONY: tidy-check
tidy-check: ## fail where `make tidy` would change something
	@set -e; for module in $(MODULES); do (cd $$module && GOWORK=off go mod tidy -diff); done

.PHONY: vuln
vuln: ## known vulnerabilities in what we depend on (needs the network)
	@set -e; for module in $(MODULES); do (cd $$module && go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...); done

.PHONY: check
check: fmt-check tidy-check generate-check lint race test browser stress ## everything above that can fail; set REQUIRE_ENGINES=1 to miss nothing

.PHONY: clean
clean: ## remove what was built (data/ stays)
	rm -rf bin coverage

## ---- ship it

.PHONY: image
image: ## container images of both services
	docker build -f deploy/authserver.Dockerfile --build-arg VERSION=$(VERSION) -t latchkey/authserver:$(VERSION) .
	docker build -f deploy/resourceapi.Dockerfile --build-arg VERSION=$(VERSION) -t latchkey/resourceapi:$(VERSION) .

.PHONY: up
up: ## the production shape in containers: both services, PostgreSQL, Redis
	docker compose build
	deploy/secrets.sh
	docker compose up --detach --wait

.PHONY: down
down: ## stop the containers; the volumes stay
	docker compose down
