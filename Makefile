# weft: what one can do with a checkout. `make help` lists it.

PYTHON := .venv/bin/python
LAB := /usr/bin/python3 -m lab

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo down test test-long test-faults unit integration lint words sanity examine changelog fleet bench bench-play docs pictures collection clean setup setup-lab setup-bench

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## install what checks and unit tests need (Debian packages, .venv)
	@dev/setup

setup-lab: ## install what raises hosts on this machine, too
	@dev/setup lab

setup-bench: ## install what the benchmark needs, too
	@dev/setup bench

demo: setup-lab ## raise three hosts, converge them (BACKEND=udp, vxlan or host-gw), verify, run once more
	@dev/demo

down: ## take the demo's hosts away
	@$(LAB) down

test: setup-bench ## everything: unit, store and kernel, sanity and lint, fleet
	@$(PYTHON) dev/run_tests.py

unit: setup ## the fast tests
	@$(PYTHON) -m pytest -q tests/unit

examine: setup-lab ## the collection as its examiners see it: sanity, lint, galaxy-importer and ten more
	@dev/examine

lint: setup ## ruff, mypy, yamllint, ansible-lint
	@dev/lint

words: setup ## report house words in documentation and messages, by dev/words.txt
	@$(PYTHON) -m dev.words

sanity: setup-lab ## ansible-test sanity, on a staged copy
	@dev/sanity

fleet: setup-lab ## molecule on lab hosts
	@dev/fleet

test-long: setup-lab ## the journeys that make test leaves out: adoption, Docker's changes, a fleet's and its store's life
	@$(PYTHON) -m pytest -q tests/fleet -m long

test-faults: setup-lab ## break three lab hosts in every way and measure how they heal, into docs/faults.md
	@rm -rf .cache/faults
	@$(PYTHON) -m pytest -q tests/faults
	@$(PYTHON) -m dev.faults_table

bench: setup-bench ## measure overlays between two lab hosts (under 20 minutes), into bench/results
	@$(PYTHON) -m bench

bench-play: setup-lab ## count and time what a converge of 3 and 8 lab hosts costs, into bench/results/play.json
	@$(PYTHON) -m bench.play

pictures: setup-lab ## draw docs/pictures from the demo's fleet, which must be up
	@$(PYTHON) -m dev.pictures

docs: setup ## build the documentation's site into docs/_build/html
	@dev/docs

changelog: setup ## write the release of galaxy.yml's version into collection/CHANGELOG.md, of all fragments
	@dev/changelog

collection: setup ## build the Galaxy tarball into dist/
	@mkdir -p dist
	@.venv/bin/ansible-galaxy collection build --force --output-path dist collection

clean: down ## remove what the targets left in the checkout (the lab's images stay cached)
	@rm -rf dist docs/_build docs/reference .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible
	@find . -name __pycache__ -not -path './.venv/*' -exec rm -rf {} +
