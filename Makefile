# Everything that is done with this repository by name. `make help` lists it.
# The work itself is in CMakePresets.json, scripts/ and bench/.

PORT ?= 6379
THREADS ?= $(shell nproc)
JOBS ?= $(shell nproc)
ARGS ?= --write
DEPS := scripts/install_deps.sh
# Quiet unless something is wrong: what cmake and ninja say is shown when they fail.
QUIET = log=$$(mktemp); "$$@" >$$log 2>&1 || { cat $$log; rm -f $$log; exit 1; }; rm -f $$log
SOURCES = $(shell git ls-files '*.h' '*.cc')

.PHONY: help deps build run test bench fmt fmt-check lint asan tsan fuzz clang docker clean

help:           ## What can be made
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

deps:           ## Install every Debian package that is missing
	@$(DEPS) build test check bench lint

build: deps-build ## The server: build/release/ringtail-server
	@$(MAKE) -s preset-release TARGETS=ringtail-server
	@echo "build/release/ringtail-server"

run: build      ## Build and start a server on port 6379 (PORT=, THREADS=)
	@exec build/release/ringtail-server --port $(PORT) --threads $(THREADS)

test: deps-test ## Build and run the unit tests and the Python tests
	@$(MAKE) -s preset-release WITH="TESTS BENCH" TARGETS=all
	@scripts/run_tests.py --build build/release $(if $(TALLY),--tally $(TALLY))

bench: deps-bench ## Compare with redis-server and memcached; writes docs/benchmarks (ARGS=--quick: a look)
	@$(MAKE) -s preset-release WITH=BENCH TARGETS="ringtail-server benches"
	@for program in $(wildcard bench/compare.py bench/memory.py bench/hitratio.py); do $$program $(ARGS) || exit 1; done

asan: deps-check ## Unit tests with AddressSanitizer and UBSan, by clang++, and the fuzzers
	@$(MAKE) -s preset-asan WITH=TESTS TARGETS=all
	@scripts/run_tests.py --build build/asan --unit $(if $(TALLY),--tally $(TALLY))

tsan: deps-test ## Unit tests with ThreadSanitizer
	@$(MAKE) -s preset-tsan WITH=TESTS TARGETS=all
	@scripts/run_tests.py --build build/tsan --unit $(if $(TALLY),--tally $(TALLY))

fuzz: deps-check ## Each fuzzer for SECONDS seconds (60)
	@$(MAKE) -s preset-fuzz WITH=TESTS TARGETS="$(basename $(notdir $(wildcard tests/fuzz/*_fuzz.cc)))"
	@scripts/run_fuzzers.sh build/fuzz $(or $(SECONDS),60) $(TALLY)

clang: deps-check ## Everything compiled by clang++
	@$(MAKE) -s preset-clang WITH=TESTS TARGETS=all
	@echo "clang++ compiles everything"

fmt: deps-lint  ## Format the sources
	@clang-format -i $(SOURCES)

fmt-check: deps-lint ## Fail if a source is not formatted
	@clang-format --dry-run --Werror $(SOURCES)

lint: deps-lint ## clang-tidy over every source of the release build
	@$(MAKE) -s preset-release WITH="TESTS BENCH" TARGETS=all
	@git ls-files '*.cc' | grep -vE '^(tests|bench)/' | \
	  xargs -P $(JOBS) -n 4 clang-tidy -p build/release --quiet --warnings-as-errors='*'

docker:         ## The image ringtail:latest
	@docker build -t ringtail .

clean:          ## Remove everything built
	@rm -rf build

# A preset, configured when it is new or lacks a part of WITH (TESTS, BENCH), and built: ninja looks at the globs
# itself. A new one has only the parts asked for, since the server is built where their packages are not.
preset-%:
	@set --; [ -f build/$*/build.ninja ] || set -- -DRINGTAIL_TESTS=OFF -DRINGTAIL_BENCH=OFF; \
	for part in $(WITH); do \
	  grep -qs "^RINGTAIL_$$part:BOOL=ON" build/$*/CMakeCache.txt && [ -f build/$*/build.ninja ] || \
	    set -- "$$@" -DRINGTAIL_$$part=ON; \
	done; \
	[ $$# -eq 0 ] || { set -- cmake --preset $* $(if $(RINGTAIL_PCH),-DRINGTAIL_PCH=$(RINGTAIL_PCH)) "$$@"; $(QUIET); }
	@set -- ninja -C build/$* -j $(JOBS) $(TARGETS); $(QUIET)

deps-build:
	@$(DEPS) build
deps-test:
	@$(DEPS) build test
deps-check:
	@$(DEPS) build test check
deps-bench:
	@$(DEPS) build test bench
deps-lint:
	@$(DEPS) build lint
