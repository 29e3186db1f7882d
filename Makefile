# `make help` lists the targets. The first that needs it makes .venv from
# requirements.lock; `make test PYTHON=...` takes an environment of your own instead.

VENV := .venv
PYTHON := $(VENV)/bin/python
# More arguments for demo, bench and the tests: make test ARGS="tests/tfgate -k losses"
ARGS :=
# Processes of `make test`, each with a memory of about 4 GiB.
TEST_WORKERS := --numprocesses auto --maxprocesses 4 --dist loadfile

# What android_demo needs, and Debian's package that has it. A JRE has no javac.
ANDROID_PACKAGES := javac:default-jdk-headless mvn:maven git:git aapt2:aapt \
  apksigner:apksigner \
  /usr/share/android-framework-res/framework-res.apk:android-framework-res
MAVEN := mvn --batch-mode --quiet --file android_demo/pom.xml

# The first of these that is Python 3.11 makes .venv: requirements.lock is for 3.11.
BASE_PYTHONS := python3 python3.11

PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet

# --python-version and --python-platform: the same file, whoever writes it.
LOCK_COMMAND := uv pip compile setup.py --all-extras --generate-hashes \
  --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
  --no-emit-index-url --no-emit-find-links

ifneq ($(origin PYTHON),command line)
ENVIRONMENT := $(VENV)/.tfgate-installed
endif

.PHONY: help demo bench test test-large android-test android-packages apk bazel-check
.PHONY: lint types format lock clean

help:
	@echo 'make demo        train, convert and verify a small gated CNN in build/demo'
	@echo 'make bench       TFLite latencies against their goals, in build/bench'
	@echo 'make test        the test suite and the examples in docstrings'
	@echo 'make test-large  the tests that take minutes'
	@echo 'make android-test  the JUnit suites of the Android demo'
	@echo 'make apk         the Android demo as an APK in android_demo/app/target, read back'
	@echo 'make bazel-check  the BUILD files and, by Bazel, the fast tests (Debian, npm)'
	@echo 'make lint        ruff: format and lint, changes nothing'
	@echo 'make types       mypy on tfgate/'
	@echo 'make format      ruff: formats, and mends what it can'
	@echo 'make lock        requirements.lock from setup.py (UPGRADE=1: newest versions)'
	@echo 'make clean       removes build/ and caches, keeps $(VENV)'

demo bench test test-large bazel-check: export TF_CPP_MIN_LOG_LEVEL := 2

demo: $(ENVIRONMENT)
	$(PYTHON) -m tools.demo $(ARGS)

bench: $(ENVIRONMENT)
	$(PYTHON) -m tools.tflite_bench $(ARGS)

test: $(ENVIRONMENT)
	$(PYTHON) -m pytest $(TEST_WORKERS) $(ARGS)

test-large: $(ENVIRONMENT)
	$(PYTHON) -m pytest -m large $(ARGS)

# What of Debian's packages is missing is installed.
bazel-check: $(ENVIRONMENT)
	$(PYTHON) -m tools.bazel_check $(ARGS)

# No Python here. The app's sources want R.java, which aapt2 writes.
android-test: android-packages
	$(MAVEN) test $(ARGS)

# Reading it back takes a Python 3.11 and none of the packages in .venv.
apk: android-packages
	$(MAVEN) package $(ARGS)
	python3 -m tools.android_api check
	python3 -m tools.android_apk android_demo/app/target/tfgate-demo.apk --rebuild

android-packages:
	android_demo/install_packages $(ANDROID_PACKAGES)

lint: $(ENVIRONMENT)
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: $(ENVIRONMENT)
	$(PYTHON) -m mypy tfgate

format: $(ENVIRONMENT)
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

# Written beside and copied only where it differs: a new date alone would make .venv anew.
lock: $(ENVIRONMENT)
	@mkdir -p build
	@cp requirements.lock build/requirements.lock
	UV_CUSTOM_COMPILE_COMMAND='make lock: $(LOCK_COMMAND)' $(PYTHON) -m $(LOCK_COMMAND) \
	  --quiet $(if $(UPGRADE),--upgrade) --output-file build/requirements.lock
	@cmp -s build/requirements.lock requirements.lock \
	  || cp build/requirements.lock requirements.lock

clean:
	rm -rf build dist tfgate.egg-info .mypy_cache .pytest_cache .ruff_cache
	rm -rf android_demo/*/target
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Written last: where it is missing, the installation was interrupted and starts anew.
# Debian has ensurepip in a package of its own (python3-venv). Without it, the pip of
# the system installs the first packages. Of those, setuptools and wheel build what the
# index has as source only, so that no build downloads anything that is not pinned.
$(VENV)/.packages-installed: requirements.lock
	@set -eu; \
	for candidate in $(BASE_PYTHONS); do \
	  base=$$($$candidate -c 'import sys; \
	sys.version_info[:2] == (3, 11) or sys.exit(1); \
	print(sys._base_executable)' 2>/dev/null) && break; \
	done; \
	if [ -z "$$base" ]; then \
	  echo 'make: Python 3.11 is needed and none of these is it: $(BASE_PYTHONS)' >&2; \
	  exit 1; \
	fi; \
	echo 'Installing pinned packages into $(VENV) (about 2 minutes)'; \
	if $$base -c 'import ensurepip' 2>/dev/null; then \
	  $$base -m venv --clear $(VENV); \
	  pip='$(PIP)'; \
	elif $$base -c 'import pip' 2>/dev/null; then \
	  $$base -m venv --clear --without-pip $(VENV); \
	  pip="$$base -m pip --disable-pip-version-check --quiet --python $(VENV)/bin/python"; \
	else \
	  echo "make: $$base has neither venv nor pip: install python3-venv" >&2; \
	  exit 1; \
	fi; \
	awk '/^[a-z]/ {first = /^(packaging|pip|setuptools|wheel)==/} first' \
	  requirements.lock > $(VENV)/first.txt; \
	$$pip install --require-hashes -r $(VENV)/first.txt; \
	$(PIP) install --require-hashes --no-build-isolation -r requirements.lock
	@touch $@

$(VENV)/.tfgate-installed: $(VENV)/.packages-installed setup.py tfgate/version.py
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
