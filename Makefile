# SPDX-License-Identifier: Apache-2.0
# The door. Each target installs and fetches what it needs first, quietly when it is there.
.PHONY: build demo test check fuzz bench clean

build:
	@tools/build release

demo: build
	@mkdir -p out/first-call
	@build/release/bin/wzp-sim run scenarios/first-call.lua --json out/first-call/result.json --out out/first-call

test:
	@tools/setup build test
	@tools/build dev all tests
	@tools/build release
	@tools/run-tests

check:
	@tools/setup build check fuzz
	@tools/build dev
	@tools/build release
	@tools/check

fuzz:
	@tools/setup build fuzz
	@tools/fuzz all $(or $(MINUTES),10)

bench: build
	@tools/setup bench
	@tools/bench | tee docs/results.md

clean:
	rm -rf build out
