# Thin: every target is a script of toolchain/ (or test/run) and can be run without make.

# Of the shell's environment only STACK counts: names as common as NAME and ENV may mean anything there.
given = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)))
export KUBEDEV_NAME := $(call given,NAME)
export KUBEDEV_ENVIRONMENT := $(call given,ENV)
export KUBEDEV_ARGS := $(call given,ARGS)
export KUBEDEV_REMOVE := $(call given,REMOVE)
export KUBEDEV_TIER := $(call given,TIER)
export KUBEDEV_LANGUAGE := $(call given,LANGUAGE)
export KUBEDEV_DIR := $(call given,DIR)

.PHONY: help tools doctor up preview destroy stack outputs program env test bench release

help:
	@sed -n 's/^## //p' Makefile

## make up [ENV=kind]               tools, then `pulumi up` of the stack dev; prints how to log in
up: ; @toolchain/up.sh
## make preview                     what `make up` would change
preview: ; @toolchain/preview.sh
## make outputs                     how to log in, once more
outputs: ; @toolchain/outputs.sh
## make destroy [REMOVE=1]          removes everything; with REMOVE=1 the stack's configuration too
destroy: ; @toolchain/destroy.sh
## make stack NAME=alice ENV=...    a stack of your own beside the others; ENV is a folder of stacks/
stack: ; @toolchain/stack.sh
## make program LANGUAGE=python DIR=~/mine    a program of your own that takes the package, previewed; or typescript, yaml
program: ; @toolchain/program.sh
## make test [TIER=unit]            every test that this machine can run, or one tier (test/run --help)
test: ; @test/run
## make bench                       what builds, machines and clusters cost, beside go build, make, bare QEMU, kind and a bare script
bench: ; @test/bench/run
## make release                    what a release consists of, in .toolchain/release; publishes nothing
release: ; @toolchain/release.sh $(KUBEDEV_ARGS)
## eval "$(make env)"               lets plain `pulumi` work in your shell
env: ; @toolchain/env.sh
## make tools                       only makes sure of the tools
tools: ; @toolchain/ensure.sh up
## make doctor                      what is there and what `make up` would do about the rest
doctor: ; @toolchain/doctor.sh
## STACK=name (default dev) chooses the stack; ARGS="..." goes to pulumi, as in ARGS=--diff.
