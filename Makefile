# Everything runs from here; a bare clone, Python 3.11 and make are enough.
#
# PYTHON       the interpreter the environment is made with (python3)
# TORCH_INDEX  a package index with CPU builds of torch; on Linux a plain install fetches several
#              gigabytes of CUDA instead. pytorch.org, "Start locally", CPU, prints its address.
# CHROMIUM     the browser of the tests, if it is not on the PATH
# NEXUS_SANDBOX=require  runs no page outside a sandbox
# BROWSER=0    leaves the browser tests out
# NEXUS_REPO   the repository's address, for edit links; where the clone came from, if that is https

PYTHON ?= python3
TORCH_INDEX ?=
NEXUS_REPO ?= $(patsubst %.git,%,$(filter https://%,$(shell git config --get remote.origin.url)))
BIN := .venv/bin
SANDBOX := $(BIN)/python -m scripts.sandbox
export NEXUS_REPO
export NO_MKDOCS_2_WARNING := 1
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := site
.PHONY: site test serve verify standalone verify-twice measure bench stale mutants evidence new check bench-verify bench-site lint types unit strict build browser chromium sandbox fresh clean

## Main jobs

site: .venv/docs verify build
	@echo "The site is at $(CURDIR)/site/index.html"

test: .venv/test sandbox
	@$(MAKE) --no-print-directory lint types unit site standalone strict browser

serve: .venv/docs  # browse while writing; what is saved is verified beside
	@$(BIN)/python -m scripts.verify --watch & trap "kill $$!" EXIT INT TERM; \
	$(BIN)/python -m mkdocs serve

verify: .venv/docs  # PAGE=docs/….md for one page; all that changed, without
	@$(SANDBOX) $(BIN)/python -m scripts.verify $(PAGE)

standalone: .venv/docs  # each block with only the blocks that it needs
	@$(SANDBOX) $(BIN)/python -m scripts.verify --standalone $(PAGE)

verify-twice: .venv/docs  # outputs that differ between two runs and do not say so
	@$(SANDBOX) $(BIN)/python -m scripts.verify.twice

fresh: .venv/docs  # every block again, then the site: what is published
	@$(SANDBOX) $(BIN)/python -m scripts.verify --fresh
	@$(MAKE) --no-print-directory build

measure: .venv/docs  # PAGE=docs/….md: its experiments, all seeds; SMOKE=1: seed 0; WORKERS=1: timings
	@$(BIN)/python -m scripts.measure $(if $(SMOKE),--smoke) $(if $(WORKERS),--workers $(WORKERS)) $(PAGE)

bench:  # CATEGORY=attention: all methods of a board on the same tasks, docs/boards/….md
	@$(MAKE) --no-print-directory measure PAGE=docs/boards/$(CATEGORY).md

stale: .venv/docs  # experiments whose code has changed since they were measured
	@$(BIN)/python -m scripts.measure.stale $(PAGE)

evidence: .venv/test  # SLUG=… or PAGE=docs/….md: what the page's whole test file proves; all pages, without
	@$(BIN)/python -m scripts.evidence $(SLUG) $(PAGE)

mutants: .venv/test  # SLUG=… SECONDS=600: the module broken in many ways; what its tests miss
	@$(BIN)/python -m scripts.mutants $(SLUG) $(if $(SECONDS),--seconds $(SECONDS))

new: .venv/docs  # SLUG=… of docs/data/catalogue.tsv: its page, module and test, still to write
	@$(BIN)/python -m scripts.new $(SLUG)

check: .venv/docs  # PAGE=docs/….md: what is still to mend in page, module and test; needs no oracle
	@$(BIN)/python -m scripts.check $(PAGE)

bench-verify: .venv/docs  # verification on 320 and 1,000 made-up pages, against plain tools
	@$(BIN)/python -m scripts.bench.verify $(PAGES)

bench-site: .venv/docs  # render and build likewise, against plain Material
	@$(BIN)/python -m scripts.bench.site $(PAGES)

## Parts of the test

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/test
	$(BIN)/pyright

unit: .venv/test
	$(BIN)/pytest -m "not site and not browser" -n 2 --dist loadfile --evidence=check

strict: .venv/test
	$(BIN)/pytest -m site -n 2

build: .venv/docs
	@$(BIN)/python -m mkdocs build --strict

ifeq ($(BROWSER),0)
browser:
	@echo "The browser tests were left out (BROWSER=0)."
else
browser: .venv/test chromium
	$(BIN)/pytest -m browser
endif

# An installed browser, or as root with apt a new one, or the line to type.
chromium:
	@test -n "$(CHROMIUM)" || command -v chromium chromium-browser google-chrome >/dev/null || \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  apt-get update -q && apt-get install -y -q chromium fonts-noto-core fonts-noto-color-emoji; \
	else echo "No browser: sudo apt-get install chromium (or CHROMIUM=/path, or BROWSER=0)"; exit 1; fi

# bubblewrap, as root with apt; scripts.sandbox says so where there is none.
sandbox:
	@command -v bwrap >/dev/null || ! test "$$(id -u)" = 0 || ! command -v apt-get >/dev/null || \
	{ apt-get update -q && apt-get install -y -q bubblewrap; }

## The environment

.venv/made:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later, please')"
	@$(PYTHON) -m venv .venv
	@touch $@

# torch first and alone: its index has nothing else that we want.
.venv/docs: .venv/made pyproject.toml constraints.txt
	@$(BIN)/pip install -qq --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) \
	  "$$(grep ^torch== constraints.txt)"
	@$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@touch $@

# torchcfm alone: it also asks for torchvision, which the part that we compare with does not need.
.venv/test: .venv/docs
	@$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e ".[test]"
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps "$$(grep ^torchcfm== constraints.txt)"
	@touch $@

clean:
	rm -rf build site dist .venv *.egg-info
