# The commands anyone needs. `make` lists them. ARGS="…" is handed to the command behind demo, serve, test-only and bench.
.DEFAULT_GOAL := help
ARGS ?=

.PHONY: help demo serve test test-only test-clients pack-clients check check-deploy fmt schema clients bench services-up services-down clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build, fill an embedded database with a retailer's year and serve it (ARGS="--data FILE")
	@scripts/demo.sh $(ARGS)

serve: ## run the server from source (ARGS="--database-url URL --listen 127.0.0.1:8080")
	cargo run --profile demo -- serve $(ARGS)

test: ## everything CI runs: format, lints, generated files, all tests on SQLite and Postgres
	@scripts/test.sh

test-only: ## the tests alone (ARGS="name" runs those whose name contains it)
	@scripts/test.sh --tests $(ARGS)

test-clients: ## the clients in TypeScript and Python against a real server (ENTREPOT_BIN=FILE)
	@scripts/test-clients.sh

pack-clients: ## the clients' packages as a release has them, nothing is published (ARGS="FOLDER")
	@scripts/pack-clients.sh $(ARGS)

check: ## format, lints and generated files, without the tests
	@scripts/test.sh --check

check-deploy: ## check the files in deploy with the tools that are installed
	@scripts/check-deploy.sh

fmt: ## format the source
	cargo fmt --all

schema: ## write schema.graphql from the code, and what has changed in it since the last release
	cargo run --quiet -- schema > schema.graphql.new && mv schema.graphql.new schema.graphql || { rm -f schema.graphql.new; exit 1; }
	@scripts/api-changelog.sh cargo run --quiet --

clients: ## write the generated files of clients/ from schema.graphql (needs Node alone)
	@node clients/typescript/codegen/generate.mjs
	@node scripts/codegen/refusals.mjs
	@python3 clients/python/tools/unasync.py

bench: ## measure against hand-written servers, interleaved (bench/README.md; ARGS="all")
	@bench/run.sh $(if $(ARGS),$(ARGS),all)

services-up: ## start the throwaway Postgres and Redis of the tests
	@ENTREPOT_SERVICES_FSYNC=off scripts/services.sh start
	@ENTREPOT_SERVICES_FSYNC=off scripts/services.sh env

services-down: ## stop them and remove their data
	@ENTREPOT_SERVICES_FSYNC=off scripts/services.sh stop

clean: ## remove what cargo built and stop the services
	@ENTREPOT_SERVICES_FSYNC=off scripts/services.sh stop
	@scripts/services.sh stop
	cargo clean
