# What the targets do stands in scripts/; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run start stop demo test bench fmt models frontend camera lambda build images release setup clean-data

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, run everything in the foreground (Ctrl-C stops it)
	@scripts/run.sh

start: ## The same in the background; returns when the page is ready
	@scripts/start.sh

stop: ## Stop what `make start` or `make run` started
	@scripts/stop.sh

demo: ## Add sample people and a looping sample camera to a running system (Ctrl-C stops the camera)
	@scripts/demo.sh

test: ## All checks and tests; the last line sums them up
	@scripts/test.sh

bench: ## Measure speed and accuracy on this machine
	@scripts/bench.sh

fmt: ## Format the code
	@cargo fmt --all

setup: ## Only install what is missing
	@scripts/setup.sh run

build: setup ## Only build
	@scripts/build.sh

models: setup ## Only make the default model pack, or PACK=name [FROM=folder] another one
	@scripts/build.sh models

frontend: setup ## Only build the page
	@scripts/build.sh frontend

camera: ## Only build the camera agent, target/release/attendance-camera
	@scripts/setup.sh camera
	@scripts/build.sh camera

lambda: ## Only build the function behind the cloud's gateway, as archives in target/lambda
	@scripts/setup.sh lambda
	@scripts/build.sh lambda

images: build ## Lay out the container images and their secrets for docker-compose
	@scripts/images.sh

release: build camera lambda ## Pack, list, check-sum and sign all of it: RELEASE_KEY=file
	@scripts/release.sh

clean-data: ## Remove the database, photos, keys and logs of this installation
	@scripts/clean-data.sh
