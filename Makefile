# weft: the targets of a checkout. `make help` lists them.

PYTHON := .venv/bin/python
LAB := /usr/bin/python3 -m lab

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo down test test-long test-faults unit integration lint words sanity examine changelog fleet bench bench-play docs pictures collection clean setup setup-lab setup-bench

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## install the requirements of checks and unit tests (Debian packages, .venv)
	@dev/setup

setup-lab: ## also install the requirements of lab hosts on this machine
	@dev/setup lab

setup-bench: ## also install the requirements of the benchmark
	@dev/setup bench

demo: setup-lab ## start three hosts, converge them (BACKEND=udp, vxlan or host-gw), verify, run once more
	@dev/demo

down: ## remove the demo's hosts
	@$(LAB) down

test: setup-bench ## everything: unit, store and kernel, sanity and lint, fleet
	@$(PYTHON) dev/run_tests.py

unit: setup ## the fast tests
	@$(PYTHON) -m pytest -q tests/unit

examine: setup-lab ## the checks of Galaxy and the Ansible community: sanity, lint, galaxy-importer and ten more
	@dev/examine

lint: setup ## ruff, mypy, yamllint, ansible-lint
	@dev/lint

words: setup ## report house words in documentation and messages, by dev/words.txt
	@$(PYTHON) -m dev.words

sanity: setup-lab ## ansible-test sanity, on a staged copy
	@dev/sanity

fleet: setup-lab ## molecule on lab hosts
	@dev/fleet

test-long: setup-lab ## the long journeys, which make test omits: adoption, changes of Docker, the lifecycle of hosts and of etcd
	@$(PYTHON) -m pytest -q tests/fleet -m long

test-faults: setup-lab ## cause every failure on three lab hosts and measure the recovery, into docs/faults.md
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

clean: down ## remove the files that the targets wrote into the checkout (the lab's images stay cached)
	@rm -rf dist docs/_build docs/reference .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible
	@find . -name __pycache__ -not -path './.venv/*' -exec rm -rf {} +
