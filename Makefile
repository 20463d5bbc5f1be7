# Every target starts from a bare machine: Python 3.11, make and git. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH := .venv-bench
CDK := tests/protect/cdk/node_modules
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup

# Hundreds of tests start the program: it is compiled once, whatever the machine's settings say.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test prepare fast lint check bench noise mutate fuzz golden docs corpus large servers browser cdk measure lock fixtures clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: $(INSTALLED) ## install, then compare two synthetic releases: what can the new one do that the old one could not?
	@$(BIN)/redcap-scanner demo || [ $$? -eq 1 ] # 1: there are findings, which is the point
	@echo 'The same as a page for reviewers: $(BIN)/redcap-scanner demo --format html=report.html'

test: prepare ## all tests, those on real applications, servers and a browser included
	$(PYTEST) -m "not large"

prepare: $(INSTALLED) corpus servers browser cdk ## everything that `make test` needs; `make -j2` does two things at once

large: $(INSTALLED) corpus ## the tests on WordPress and MediaWiki, which take minutes for each tree
	$(PYTEST) -m large

fast: $(INSTALLED) ## the tests that need neither network nor web servers nor a browser
	$(PYTEST) -m "not corpus and not servers and not browser and not cdk"

lint: $(INSTALLED) ## ruff, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict scripts benchmarks

check: lint test ## everything that CI runs

bench: $(INSTALLED) $(BENCH)/.installed corpus ## measure against ast-grep and Semgrep, write benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

noise: $(INSTALLED) corpus ## count what honest upgrades of real applications raise, per rule
	$(BIN)/python benchmarks/noise.py --write
	$(BIN)/python scripts/build_docs.py

mutate: $(INSTALLED) corpus ## plant exfiltrations into real code, report how many are found; MUTATE="--plants 500 TREE"
	$(BIN)/python benchmarks/mutate.py $(or $(MUTATE),--plants 100 .corpus/phpmyadmin-trixie .corpus/roundcube-core-trixie)

fuzz: $(INSTALLED) ## property tests with many more examples than in `test`
	HYPOTHESIS_PROFILE=fuzz $(PYTEST) -m hypothesis

golden: $(INSTALLED) ## rewrite the golden reports; review them as a diff
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/report tests/protect -m "not servers and not browser and not cdk"

docs: $(INSTALLED) ## rewrite the generated pages and schemas
	$(BIN)/python scripts/build_docs.py

fixtures: $(INSTALLED) ## pack fixtures/releases/*.zip from their sources
	$(BIN)/python scripts/build_fixtures.py

corpus: ## unpack four real PHP applications from three Debian suites into .corpus/
	@bash scripts/need.sh dpkg-deb dpkg gpgv gpgv
	@bash scripts/need.sh --python "$(PYTHON)"
	$(PYTHON) scripts/corpus.py

servers: ## install Debian's web servers and PHP, which the tests run on loopback; no service is started
	@bash scripts/need.sh apache2 apache2-bin haproxy haproxy nginx nginx caddy caddy \
	  squid squid suricata suricata nft nftables dnsmasq dnsmasq-base \
	  php php-cli '/usr/sbin/php-fpm*' php-fpm '/usr/lib/apache2/modules/libphp*.so' libapache2-mod-php \
	  /usr/lib/apache2/modules/mod_security2.so libapache2-mod-security2 \
	  /usr/lib/nginx/modules/ngx_http_modsecurity_module.so libnginx-mod-http-modsecurity

browser: ## install Debian's Chromium, in which the tests read the HTML report
	@bash scripts/need.sh chromium chromium

cdk: $(CDK)/.package-lock.json ## install AWS's library for the test that synthesises the generated construct

measure: $(INSTALLED) servers ## send every request spelling at every real server, write docs/waf-measured.md
	$(BIN)/python benchmarks/servers.py

lock: ## refresh the lock files; LOCK_OPTIONS=--upgrade for newer versions
	PYTHON=$(PYTHON) scripts/lock.sh $(LOCK_OPTIONS)

clean: ## remove everything that make made
	rm -rf $(VENV) $(BENCH) $(CDK) .corpus dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@bash scripts/need.sh --venv "$(PYTHON)"
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation --editable .
	@touch $@

$(CDK)/.package-lock.json: tests/protect/cdk/package-lock.json
	@bash scripts/need.sh node nodejs npm npm
	npm ci --prefix tests/protect/cdk --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(BENCH)/.installed: benchmarks/requirements.lock
	@bash scripts/need.sh --venv "$(PYTHON)"
	rm -rf $(BENCH)
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/requirements.lock
	@touch $@
