# Thin wrappers of ./dev, which says what each does. Arguments: make test ARGS="tests/scopes -k purpose"
PYTHON = python3
ARGS =

help: ## Print this list
	@sed -n 's/^\([a-z][a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup: ## Make .venv from the hashed lock, unless it is fresh
	@$(PYTHON) dev setup

demo: ## Start the demonstration on http://localhost:8000
	@$(PYTHON) dev demo $(ARGS)

test: ## Run every test and hold the coverage against its floor
	@$(PYTHON) dev test $(ARGS)

check: ## All that must hold before a merge: lint, types, contracts, tests
	@$(PYTHON) dev check

lint: ## Ruff, mypy and the contracts between the floors
	@$(PYTHON) dev lint

interop: ## Other people's clients against a served gateway (Node.js, Apache)
	@$(PYTHON) dev interop $(ARGS)

bench: ## Run the load harness
	@$(PYTHON) dev bench $(ARGS)

kill: ## Kill the gateway at every point of docs/flow.md, again and again
	@$(PYTHON) dev kill $(ARGS)

explore: ## Let Hypothesis look for new examples, at length
	@$(PYTHON) dev explore $(ARGS)

screens: ## Make the pictures in docs/screens anew
	@$(PYTHON) dev screens

lock: ## Write requirements/ anew from pyproject.toml
	@$(PYTHON) dev lock $(ARGS)

clean: ## Remove .venv, caches and reports
	@$(PYTHON) dev clean

.PHONY: help setup demo test check lint interop bench kill explore screens lock clean
