# Every target runs on a fresh Debian machine with Go; `make test` first installs what the tests need.
GO     ?= go
TOOL    = $(GO) tool -modfile=tools/go.mod
FUZZTIME ?= 60s
CANIEMAIL ?= 2.0.2

.PHONY: build check test bench fuzz golden screenshots conformance docs caniemail

build: ## the program, as bin/germane
	$(GO) build -o bin/germane ./cmd/germane

check: ## formatting, vet, staticcheck
	@unformatted=$$($(TOOL) gofumpt -l .); if [ -n "$$unformatted" ]; then echo "run 'go tool -modfile=tools/go.mod gofumpt -w .':"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

test: ## everything, after installing what it needs; then what keeps data once more, on Postgres
	scripts/test-deps
	$(MAKE) check
	$(GO) test ./...
	GO=$(GO) scripts/test-postgres

bench: ## a message beside other ways to make it, in one table; then all benchmarks
	@GERMANE_BENCH=1 $(GO) test -count=1 -v -run '^TestBenchTable$$' ./render
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz test for FUZZTIME
	FUZZTIME=$(FUZZTIME) scripts/fuzz

golden: ## rewrite golden files and generated documents
	GERMANE_UPDATE=1 $(GO) test ./...

screenshots: ## the pictures in README, from the starter, with Chromium
	scripts/screenshots

conformance: ## Liquid cases from FILES (golden-liquid's format)
	$(GO) run ./internal/liquidcases $(or $(FILES),../shared/data/golden_liquid_open.json) > /dev/null

caniemail: ## what mail programs support, from the npm package of that name: facts only
	@folder=$$(mktemp -d) && cd $$folder && npm pack --silent caniemail@$(CANIEMAIL) > /dev/null && tar xzf *.tgz && cd $(CURDIR)/tools && \
	$(GO) run ./caniemail $(CANIEMAIL) < $$folder/package/data/caniemail.json > ../check/caniemail.json && rm -r $$folder
