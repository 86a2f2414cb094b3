# Every command of this repository. `make` lists them.

PYTHON ?= python3
PORT ?= 4566
CONSOLE_PORT ?= 8080
HOST ?= 127.0.0.1

TOOLS = .venv/tools/bin
# `exec`: Ctrl-C must reach Python, not a shell around it.
LOCAL = exec env PYTHONPATH=dev $(TOOLS)/python -m local
STORM = PYTHONPATH=dev $(TOOLS)/python -m local.storm
CLOUD_PROGRAM = PYTHONPATH=scripts $(TOOLS)/python -m cloud
TARGET = $(or $(CARGO_TARGET_DIR),target)
LAMBDA_BUILD = PATH="$(CURDIR)/$(TOOLS):$$PATH" cargo lambda build --release --locked
PYTHON_CODE = scripts dev tests
# cargo-nextest is optional. `cargo test` runs the same tests, more slowly.
CARGO_TEST = cargo $(if $(shell cargo nextest --version 2> /dev/null),nextest run,test) --workspace --locked
# The modules of tests/relay that take a few seconds at most. The others wait for timeouts and retries, or generate
# thousands of messages.
QUICK = answers catalogue edge field golden logging metrics secrets shapes templates tls

export SAM_CLI_TELEMETRY = 0

.PHONY: help setup run storm chaos bench worst instructions secrets deploy zstack resync doctor bundle reproducible check test \
	test-unit test-rust test-template test-zstack test-e2e test-docs test-console lint rust-installed

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/tools/.dev-stamp .venv/ministack/.stamp ## install the tools into .venv
	@:

# CONSOLE_PORT=8081 sets the port of the console, and PORT=4567 the port of the local AWS. HOST=address is the address
# under which a ZStack in your lab reaches this machine. TOKEN=... sets the webhook token; the default is a random one.
# The console's address is printed before anything is installed or built.
run: ## see it work on this machine, in a browser; ONCE=1 ends after the samples
	@echo "==> Console: http://127.0.0.1:$(CONSOLE_PORT) (in a moment; in minutes, the first time)"
	@$(MAKE) --no-print-directory setup rust-installed
	@$(LOCAL) --port $(PORT) --console-port $(CONSOLE_PORT) --host $(HOST) \
		$(if $(TOKEN),--token '$(TOKEN)') $(if $(ONCE),--once)

# Two management nodes send one message after the other, as ZStack does. ARGS='--connections 200' sends over 200
# connections. A short one: ARGS='--alarms 200 --per-second 20 --down 2 12'.
storm: setup rust-installed ## 5,000 alarms at once while Flashduty is down for a while (20 minutes)
	@$(STORM) $(ARGS)

# MINUTES=30 takes longer. A round that fails prints its seed and the command that repeats it. A thousand processes are
# started before that: they take a minute, 5 GB of memory and 10,000 open files.
chaos: rust-installed ## attack the built functions for five minutes: faults, kills, bodies, access, order, clocks
	@ulimit -n "$$(ulimit -Hn)"; CHAOS_MINUTES=$(or $(MINUTES),5) \
		cargo test --locked --test relay chaos::all_for_minutes -- --ignored --exact --nocapture

# Builds the functions as they are shipped, and a function that does nothing in the same way. CHARTS=1 also draws the
# charts of docs/performance.md. INSTRUCTIONS=1 counts the instructions of a start and of an alarm instead (valgrind).
bench: setup rust-installed ## measure a cold start and an alert, compared with a function that does nothing
	$(LAMBDA_BUILD) --bin relay --bin redeliver
	$(LAMBDA_BUILD) --package bench-floor
	cargo run --release --locked --package bench -- $(TARGET)/lambda \
		$(if $(INSTRUCTIONS),--instructions,$(TARGET)/bench.json)
	$(if $(CHARTS),$(TOOLS)/python dev/bench/chart.py $(TARGET)/bench.json docs)
	$(if $(INSTRUCTIONS),,cargo bench --locked --package bench-translation)

# SECONDS_MORE=600 searches for longer.
worst: setup rust-installed ## measure the most expensive messages, and search for worse ones for a minute
	$(LAMBDA_BUILD) --package bench-worst
	$(TARGET)/lambda/bench-worst/bootstrap $(or $(SECONDS_MORE),60)

# WRITE=1 replaces the committed figures with these.
instructions: setup rust-installed ## count the instructions of a message (valgrind), and compare with the committed figures
	$(TOOLS)/python dev/bench/instructions.py $(if $(WRITE),--write)

# Without PUSH_URL it asks for the URL, so that neither the shell's history nor `ps` shows it. Without WEBHOOK_TOKEN
# the token is random. WEBHOOK_TOKEN may hold several tokens, one a line.
# PREFIX=/my/place changes the names of the parameters, KMS_KEY=... the key that encrypts them.
# OVERWRITE=push-url or OVERWRITE=webhook-token replaces a value. CHANNEL=name stores the push URL of a channel, which the
# stack's token opens; OWN_TOKEN=1, or WEBHOOK_TOKEN=..., gives the channel a token of its own.
# `override`: without it make would read a `$` on its command line as a variable of its own.
secrets: override export PUSH_URL := $(value PUSH_URL)
secrets: override export WEBHOOK_TOKEN := $(value WEBHOOK_TOKEN)
secrets: .venv/tools/.stamp ## store Flashduty's push URL and a new webhook token in SSM
	@$(CLOUD_PROGRAM).secrets $(if $(PREFIX),--prefix '$(PREFIX)') $(if $(KMS_KEY),--key '$(KMS_KEY)') \
		$(if $(CHANNEL),--channel '$(CHANNEL)') $(if $(OWN_TOKEN),--own-token) $(addprefix --overwrite ,$(OVERWRITE))

# ARCHITECTURE=arm64, STACK=name, PARAMETERS='AlarmEmail=ops@example.com HeartbeatHours=24'. The stack remembers each.
# Put quotation marks around a value with blanks: PARAMETERS='TitleRule="[TPL]${resource} / ${check}"'.
# YES=1 does not ask.
deploy: override export PARAMETERS := $(value PARAMETERS)
deploy: .venv/tools/.stamp rust-installed ## build with SAM, then deploy to AWS or upgrade
	@$(CLOUD_PROGRAM).deploy $(if $(STACK),--stack '$(STACK)') $(if $(ARCHITECTURE),--architecture '$(ARCHITECTURE)') \
		$(if $(YES),--yes)

# ZSTACK=192.0.2.20 is a management node. It needs Python 3.9, and nothing of .venv. The AWS CLI tells the WebhookUrl of
# the stack (STACK=name); with URL=https://... it is not needed. CHANNEL=name, CLOUD=name. DRY_RUN=1 ends after the plan,
# YES=1 does not ask, UNDO=file takes back what a run changed, and ARGS='--only Emergent' has the other options.
# It asks for the password of admin and for the webhook token, unless ZSTACK_PASSWORD and WEBHOOK_TOKEN have them.
# UNDO goes to the ZStack of its file, unless the command line has ZSTACK.
zstack: override export ZSTACK_PASSWORD := $(value ZSTACK_PASSWORD)
zstack: override export ZSTACK_ACCESS_SECRET := $(value ZSTACK_ACCESS_SECRET)
zstack: override export WEBHOOK_TOKEN := $(value WEBHOOK_TOKEN)
zstack: ## set up ZSTACK: endpoint, alarms, recovery notification; a second run finds nothing to do
	@$(PYTHON) scripts/zstack-setup.py \
		$(if $(UNDO),--undo '$(UNDO)' $(if $(filter command,$(origin ZSTACK)),--zstack '$(ZSTACK)'), \
		$(if $(ZSTACK),--zstack '$(ZSTACK)') \
		$(if $(URL),--url '$(URL)',$(patsubst %,--stack '%',$(or $(STACK),$(if $(WEBHOOK_URL),,zstack-flashduty))))) \
		$(if $(CHANNEL),--channel '$(CHANNEL)') $(if $(CLOUD),--cloud '$(CLOUD)') \
		$(if $(DRY_RUN),--dry-run) $(if $(YES),--yes) $(ARGS)

# ZSTACK=192.0.2.20 SINCE=2h ENDPOINT=Flashduty, or URL=https://... as ZStack has it. DRY_RUN=1 posts nothing; ARGS='--all'
# has the other options. It asks for the password of admin and for the webhook token, as `make zstack` does.
resync: override export ZSTACK_PASSWORD := $(value ZSTACK_PASSWORD)
resync: override export ZSTACK_ACCESS_SECRET := $(value ZSTACK_ACCESS_SECRET)
resync: override export WEBHOOK_TOKEN := $(value WEBHOOK_TOKEN)
resync: ## after an outage, post the last state of each alert of ZSTACK again, SINCE=2h
	@$(PYTHON) scripts/zstack-resync.py $(if $(ZSTACK),--zstack '$(ZSTACK)') $(if $(SINCE),--since '$(SINCE)') \
		$(if $(ENDPOINT),--endpoint '$(ENDPOINT)') $(if $(URL),--url '$(URL)') $(if $(CHANNEL),--channel '$(CHANNEL)') \
		$(if $(DRY_RUN),--dry-run) $(if $(YES),--yes) $(ARGS)

# It needs Python 3.9 and the AWS CLI, and nothing of .venv. STACK=name, REGION=name, CHANNEL=name, NO_WAIT=1, and
# URL=https://... if the webhook is behind another domain than the stack knows.
doctor: ## walk the path of an alert, and say where it ends; NO_WAIT=1 does not wait for the metrics
	@$(PYTHON) scripts/doctor.py $(if $(STACK),--stack '$(STACK)') $(if $(URL),--url '$(URL)') \
		$(if $(CHANNEL),--channel '$(CHANNEL)') $(if $(REGION),--region '$(REGION)') $(if $(NO_WAIT),--no-wait)

# ARCHITECTURE=arm64 builds for the other processor.
bundle: .venv/tools/.stamp rust-installed ## build a release that deploys itself with SAM, in zips/
	@$(CLOUD_PROGRAM).bundle $(if $(ARCHITECTURE),--architecture '$(ARCHITECTURE)')

# Compares also with the bundle SAME_AS=zips/... ARCHITECTURE is as for bundle.
reproducible: .venv/tools/.stamp rust-installed ## build the bundle of this commit twice, and compare the bytes
	@$(TOOLS)/python dev/reproducible.py $(if $(ARCHITECTURE),--architecture '$(ARCHITECTURE)') \
		$(if $(SAME_AS),--same-as '$(SAME_AS)')

check: lint test-unit test-template ## format, lints and quick tests: under a minute once built

test: lint test-rust test-template test-zstack test-e2e test-docs ## all tests but those of test-console, instructions, worst and chaos

test-unit: rust-installed ## the unit tests of all crates, and the quick tests of the built functions
	$(CARGO_TEST) --lib --bins
	$(CARGO_TEST) --test relay -- $(QUICK:=::)

test-rust: rust-installed ## all tests of all crates
	$(CARGO_TEST) --tests
	cargo test --workspace --locked --doc

test-template: .venv/tools/.dev-stamp ## what template.yaml deploys
	$(TOOLS)/python -m pytest tests/template

test-zstack: .venv/tools/.dev-stamp rust-installed ## the programs for ZStack's side, against a stand-in of its API
	$(TOOLS)/python -m pytest tests/zstack

# BUNDLE=zips/... tests this bundle instead of a new one.
test-e2e: setup rust-installed ## the built functions, deployed by template.yaml to a local AWS
	$(if $(BUNDLE),BUNDLE='$(abspath $(BUNDLE))') $(TOOLS)/python -m pytest tests/e2e

test-docs: setup rust-installed ## what the documents say, and their commands
	$(TOOLS)/python -m pytest tests/docs

# SCREENSHOT=docs/console.png replaces the picture in README. CHROMIUM=/path/to/it names the browser.
# ARGS='--test-name-pattern=keyboard' goes to `node --test`.
test-console: setup rust-installed ## the console of `make run`, in headless Chromium
	@SCREENSHOT='$(SCREENSHOT)' CHROMIUM='$(CHROMIUM)' dev/console/browser/run $(ARGS)

lint: .venv/tools/.dev-stamp rust-installed ## format and lints of Rust, Python and the template; only one TLS library
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	dev/check-tls
	$(TOOLS)/cfn-lint --regions us-east-1 cn-north-1 us-gov-west-1 -- template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(TOOLS)/sam validate --lint
	$(TOOLS)/ruff check $(PYTHON_CODE)
	$(TOOLS)/ruff format --check $(PYTHON_CODE)

# Only what secrets, deploy and bundle need.
.venv/tools/.stamp: scripts/requirements.txt
	$(VENV)

.venv/tools/.dev-stamp: dev/requirements.txt .venv/tools/.stamp
	$(TOOLS)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# MiniStack pins botocore, so it has an environment of its own.
.venv/ministack/.stamp: dev/local/ministack/requirements.txt
	$(VENV)

define VENV
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
		{ echo "This needs Python 3.11 or later: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
endef

rust-installed:
	@cargo --version > /dev/null 2>&1 || { echo "This needs Rust: https://rustup.rs" >&2; exit 1; }
