# The commands a developer types; the work is meson's and the scripts' in tests/ and bench/.

# The system's meson, ninja and python3, whatever else comes first on PATH.
export PATH := /usr/bin:/bin:$(PATH)
PREFIX ?= /usr/local

.PHONY: build run test lint fuzz bench format install

build: build/build.ninja
	ninja -C build weir

build/build.ninja:
	@command -v meson >/dev/null || { echo 'no meson: tests/install-deps build installs it'; exit 1; }
	meson setup build --prefix $(PREFIX) -Db_lto=true

run:
	tests/install-deps build
	$(MAKE) --no-print-directory build
	build/weir demo

test:
	tests/install-deps build test
	tests/run

lint fuzz:
	tests/install-deps build test
	tests/run $@

bench: build
	tests/install-deps build test bench
	bench/run

format:
	tests/lint/format.py --fix

install: build
	meson install -C build
