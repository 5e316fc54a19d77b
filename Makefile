# Muster: `make help` lists what there is. The two that matter: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
APT := DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Options::=--force-confold
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q
# the newest Python that can make an environment
FIND_PYTHON = for p in python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done
HAVE_BROWSER = { command -v chromium google-chrome >/dev/null || compgen -G "$$HOME/.cache/ms-playwright/chromium-*" >/dev/null; }
PORT ?= 8600

##@ Use
demo: setup  ## install what is missing, load the fictional county, serve it (PORT=8600)
	$(BIN)/muster demo --port $(PORT)

serve: setup  ## serve with the settings of the environment (MUSTER_…)
	$(BIN)/muster serve --port $(PORT)

demo-check: setup  ## start the demo, ask its health, the map and one plan, and stop
	$(BIN)/muster demo --check

##@ Develop
test: setup-test  ## every test, on a private PostGIS and a real browser
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

e2e: setup-test  ## only the tests that drive a browser
	$(BIN)/python -m pytest -m browser

check: setup-test  ## style, types, import contracts, front-end assets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-test  ## measure against named peers in the same run
	$(BIN)/muster bench travel
	$(BIN)/muster bench dispatch
	$(BIN)/muster bench web
	$(BIN)/muster bench grids
	$(BIN)/muster bench ledgers
	$(BIN)/muster bench atlas

lock: setup-test  ## pin every dependency again, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml --group assets -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml --group assets --group dev -c requirements.txt -o requirements-dev.txt

clean:  ## remove what set-up made here (not the system packages, not the county's data in .muster)
	rm -rf .venv node_modules web/static/vendor build *.egg-info

##@ Set up
setup: .venv/.packages web/static/vendor/.done  ## everything that running needs

setup-test: setup .venv/.packages-dev  ## and everything that the tests need

# Only what is missing is installed, and only this step needs root.
define install_packages
install_packages() { \
	[[ $${#missing[@]} -gt 0 ]] || return 0; \
	command -v apt-get >/dev/null || { echo "Please install for $$1: $${missing[*]} (names as on Debian; this system has no apt-get)."; exit 1; }; \
	echo "== System packages for $$1: $${missing[*]}"; \
	if [[ -n "$(SUDO)" ]]; then \
		command -v sudo >/dev/null || { echo "They need root and there is no sudo. Ask an administrator for: apt-get install $${missing[*]}"; exit 1; }; \
		echo "   (sudo is used for this step only)"; \
	fi; \
	if [[ " $${missing[*]} " == *postgis* && ! -e /etc/postgresql-common ]]; then \
		$(SUDO) mkdir -p /etc/postgresql-common; \
		echo "create_main_cluster = false  # muster runs a private cluster" | $(SUDO) tee /etc/postgresql-common/createcluster.conf >/dev/null; \
	fi; \
	$(SUDO) env $(APT) update -qq; \
	$(SUDO) env $(APT) install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
}
endef

.venv/bin/python:
	@missing=(); $(install_packages); \
	python=$$($(FIND_PYTHON)); \
	if [[ -z "$$python" ]]; then \
		if apt-cache show python3.11 2>/dev/null | grep -q ^Package; then missing+=(python3.11 python3.11-venv); else missing+=(python3 python3-venv); fi; \
	fi; \
	compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null || missing+=(postgresql-postgis); \
	compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK-*' >/dev/null || missing+=(fonts-noto-cjk); \
	install_packages "running"; \
	python=$$($(FIND_PYTHON)); \
	[[ -n "$$python" ]] || { echo "No Python 3.11 or newer with venv was found or could be installed."; exit 1; }; \
	echo "== Python environment in .venv ($$python)"; \
	$$python -m venv .venv

.venv/.packages: requirements.txt pyproject.toml | .venv/bin/python
	@missing=(); $(install_packages); \
	for one in libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0; do \
		compgen -G "/usr/lib/*/$$one" >/dev/null || compgen -G "/usr/lib*/$$one" >/dev/null || case $$one in \
			libpango-*) missing+=(libpango-1.0-0);; libpangoft2*) missing+=(libpangoft2-1.0-0);; *) missing+=(libharfbuzz-subset0);; esac; \
	done; \
	install_packages "printed sheets"
	@echo "== Python packages (hash-locked in requirements.txt)"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.packages-dev: requirements-dev.txt .venv/.packages
	@missing=(); $(install_packages); \
	if ! $(HAVE_BROWSER) && ! grep -q '^ID=ubuntu' /etc/os-release; then missing+=(chromium); fi; \
	compgen -G '/usr/lib/*/libatomic.so.1' >/dev/null || missing+=(libatomic1); \
	install_packages "the tests' browser"
	@echo "== Python packages for the tests (hash-locked in requirements-dev.txt)"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@if ! $(HAVE_BROWSER); then \
		echo "== Ubuntu's Chromium is a snap that tests cannot drive: fetching Playwright's own"; \
		$(BIN)/playwright install --with-deps chromium; \
	fi
	@touch $@

web/static/vendor/.done: package-lock.json web/vendor.py | .venv/.packages
	@echo "== Front-end assets (hash-locked in package-lock.json)"
	@# npm trusts what the system trusts (a county's network may have its own certificate authority)
	@PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS=--use-system-ca npm ci --no-update-notifier --loglevel=error
	@$(BIN)/python -m web.vendor
	@touch $@

help:  ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo serve demo-check test e2e check bench lock clean setup setup-test help
