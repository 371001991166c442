# Everything goes through SwiftPM; this file names the usual things. `make` alone lists them.

PREFIX ?= /usr/local
DESTDIR ?=
# The configuration is looked for there by the unit.
SYSCONFDIR ?= /etc
INBOX ?= inbox
# Further flags for swift build, such as -Xswiftc -warnings-as-errors.
SWIFT_FLAGS ?=
SWIFT ?= swift
# The oneDNN of `make test-onednn`.
ONEDNN ?= .build/onednn-3
# What of occlusion's `make bench` measures. Everything, --adaptive --growth resnet18, takes more than an hour.
OCCLUSION_FLAGS ?= --only resnet18 mobilenet_v2 --grid 32/8
# Further flags for `make torture`.
TORTURE ?=
# How long `make fuzz` goes on with each reader.
FUZZ_SECONDS ?= 60
# What `make sanitize` looks for, thread or address, and in which modules' tests; all where none is named.
SANITIZE ?= thread address
MODULES ?=

# Debian's and Ubuntu's names. The two after the libraries are needed to find them, and by overlays.
PACKAGES = libdnnl-dev libinotifytools0-dev libjpeg-dev libsystemd-dev libfreetype-dev libpng-dev libsqlite3-dev libssl-dev \
	pkg-config fonts-dejavu-core python3

# A browser, what drives it, and a program that finds what is not accessible, for `make test-page` alone.
PAGE_PACKAGES = chromium chromium-driver python3-selenium python3-pip
AXE = axe-playwright-python==0.1.8

BUILD = $(SWIFT) build -c release $(SWIFT_FLAGS)
# Programs that need no toolchain where they run. In a folder of their own, because nearly everything is built anew.
RELEASE_FOLDER = .build/static
RELEASE = $(SWIFT) build -c release --static-swift-stdlib --scratch-path $(RELEASE_FOLDER) $(SWIFT_FLAGS)
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
SHARE = $(DESTDIR)$(PREFIX)/share/interpretd
CONFIG = $(DESTDIR)$(SYSCONFDIR)/interpretd/config.yaml
# What Conformance/environment.sh makes; `complete` says that it came to its end.
CONFORMANCE = .venv-conformance
SOURCES = Package.swift $(wildcard Sources Tests Benchmarks/Package.swift Benchmarks/Sources Fuzzing/Package.swift \
	Fuzzing/Sources)

.DEFAULT_GOAL := help
.PHONY: help deps swift build run test test-onednn test-page test-unit page-packages fuzz sanitize end-to-end rights torture conformance wild lint format release install uninstall bench bench-index method-gallery looking-inside measuring unit-gallery proto clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the system packages that are missing (apt)
	@if ! command -v dpkg-query >/dev/null; then \
		echo "this is no Debian or Ubuntu; see that these are installed: $(PACKAGES)"; exit 0; fi; \
	missing=; for package in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" -eq 0 ]; then as_root=; else as_root=sudo; fi; \
		echo "installing$$missing"; \
		$$as_root apt-get update -q && \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	fi

swift:
	@command -v $(SWIFT) >/dev/null || { \
		echo "Swift 6.2 or newer is needed: https://www.swift.org/install/linux/" >&2; exit 1; }

build: swift ## build interpretd and interpretctl
	$(BUILD) --product interpretd
	$(BUILD) --product interpretctl

run: deps build ## start the daemon on ./inbox with three demo photos (INBOX=folder for another one)
	@Scripts/run-demo "$(INBOX)"

test: deps swift ## build and run the tests, optimized
	$(BUILD) --product interpretdPackageTests
	OMP_WAIT_POLICY=passive SWIFT=$(SWIFT) Scripts/test $(SWIFT_FLAGS)

test-onednn: deps swift ## test the kernels with oneDNN 3, fetched, or another (ONEDNN=folder with include and lib)
	@[ "$(ONEDNN)" != .build/onednn-3 ] || Scripts/fetch-onednn "$(ONEDNN)"
	Scripts/test-onednn "$(ONEDNN)" $(SWIFT_FLAGS)

fuzz: deps swift ## try to break every reader of files and lines with made-up bytes (FUZZ_SECONDS=60 each)
	Scripts/fuzz "$(FUZZ_SECONDS)"

sanitize: deps swift ## run the tests under the thread and address sanitizers, hours (SANITIZE=thread MODULES=InboxTests)
	@for sanitizer in $(SANITIZE); do Scripts/sanitize $$sanitizer $(MODULES) || failed=1; done; [ -z "$$failed" ]

test-page: build page-packages ## use the evidence page in a real browser, as a person and as somebody who should not
	Scripts/test-page --axe .build/axe/axe_playwright_python/axe.min.js

page-packages:
	@$(MAKE) --no-print-directory deps PACKAGES="$(PAGE_PACKAGES)"
	@[ -f .build/axe/axe_playwright_python/axe.min.js ] || \
		/usr/bin/python3 -m pip install --quiet --no-deps --target .build/axe $(AXE)

test-unit: ## the installed unit under a running systemd, in a container (root; fetches a small Debian)
	@[ -x $(RELEASE_FOLDER)/release/interpretd ] || $(MAKE) deps release
	@$(MAKE) --no-print-directory deps PACKAGES="debootstrap systemd-container"
	Scripts/test-unit

end-to-end: build ## put the real daemon through a life with good and bad photos, kill -9 included
	Scripts/end-to-end

# Access control lists are set with `acl`; only root can become the other users.
rights: build ## the real daemon and clients as several users: who may do what, and who may read what
	@$(MAKE) --no-print-directory deps PACKAGES=acl
	Scripts/rights

torture: build ## hurt the real daemon and count the photos lost (TORTURE=--long for a night)
	Scripts/torture $(TORTURE)

# All of them, whatever comes out of the first: each writes its own section of Documentation/Conformance.md, but for the
# last two, which print what they find.
conformance: build $(CONFORMANCE)/complete ## compare every number with PyTorch, Captum and others (Python, hours)
	@failed=; for script in preprocessing networks timm_families methods attention_maps looking_inside onnx_node_tests; do \
		$(CONFORMANCE)/bin/python Conformance/$$script.py --report || failed="$$failed $$script"; \
	done; \
	for script in operator_families quantized_networks; do \
		$(CONFORMANCE)/bin/python Conformance/$$script.py || failed="$$failed $$script"; \
	done; \
	if [ -n "$$failed" ]; then echo "not everything conforms:$$failed; see above and Documentation/Conformance.md" >&2; exit 1; fi

wild: build $(CONFORMANCE)/complete ## try networks that others exported, fetched into a cache (Python, minutes)
	$(CONFORMANCE)/bin/python Conformance/wild.py --report

$(CONFORMANCE)/complete: Conformance/environment.sh Conformance/requirements.txt
	Conformance/environment.sh
	@touch $@

lint: swift ## check the format of the sources, and what the documents say of them
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)
	SWIFT=$(SWIFT) Scripts/check-contributing

format: swift ## bring the sources into the format
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

release: swift ## build the programs for machines without Swift
	$(RELEASE) --product interpretd
	$(RELEASE) --product interpretctl

# Builds only where nothing is built yet: after `make release`, `sudo make install` needs no Swift in root's path and
# leaves none of root's files in .build.
#
# The programs are stripped: their names of functions are three quarters of them, and serve debuggers alone. What is the
# administrator's stays as it is: the configuration, own networks, an edited interpret.json, the inbox.
install: ## install programs, units, networks and user (PREFIX=/usr/local DESTDIR= SYSCONFDIR=/etc)
	@[ -x $(RELEASE_FOLDER)/release/interpretd ] || $(MAKE) deps release
	install -D -s -m 0755 $(RELEASE_FOLDER)/release/interpretd $(DESTDIR)$(PREFIX)/bin/interpretd
	install -D -s -m 0755 $(RELEASE_FOLDER)/release/interpretctl $(DESTDIR)$(PREFIX)/bin/interpretctl
	install -d $(SHARE) $(UNITS) $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	Scripts/install-models Models $(SHARE)/Models
	install -m 0644 LICENSE $(SHARE)/LICENSE
	sed 's|/usr/local/|$(PREFIX)/|g' systemd/config.yaml > $(SHARE)/config.yaml
	@[ -e $(CONFIG) ] || install -D -m 0644 $(SHARE)/config.yaml $(CONFIG)
	sed 's|/usr/local/|$(PREFIX)/|g; s|/etc/interpretd|$(SYSCONFDIR)/interpretd|g' \
		systemd/interpretd.service > $(UNITS)/interpretd.service
	install -m 0644 systemd/interpretd.socket $(UNITS)/interpretd.socket
	install -m 0644 systemd/interpretd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/interpretd.conf
	install -m 0644 systemd/interpretd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/interpretd.conf
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then \
		systemd-sysusers $(PREFIX)/lib/sysusers.d/interpretd.conf && \
		systemd-tmpfiles --create $(PREFIX)/lib/tmpfiles.d/interpretd.conf && \
		systemctl daemon-reload && \
		echo "start it with: systemctl enable --now interpretd"; \
	fi

uninstall: ## remove what `make install` installed; configuration, own networks, inbox and catalog stay
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then \
		systemctl disable --now interpretd.service interpretd.socket || true; fi
	rm -f $(DESTDIR)$(PREFIX)/bin/interpretd $(DESTDIR)$(PREFIX)/bin/interpretctl
	rm -f $(UNITS)/interpretd.service $(UNITS)/interpretd.socket
	rm -f $(DESTDIR)$(PREFIX)/lib/sysusers.d/interpretd.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/interpretd.conf
	rm -f $(SHARE)/LICENSE $(SHARE)/config.yaml
	Scripts/install-models --remove $(SHARE)/Models
	@rmdir $(SHARE) 2>/dev/null || true

bench: build ## measure load and memory; with `make conformance` done before, also the engine beside its peers
	python3 Benchmarks/inbox_load.py
	@if [ -x .venv-conformance/bin/python ]; then \
		$(SWIFT) build -c release --package-path Benchmarks && \
		.venv-conformance/bin/python Benchmarks/forward_and_gradient.py \
			--swift-bench Benchmarks/.build/release/EngineBench $(BENCH_FLAGS) && \
		.venv-conformance/bin/python Benchmarks/occlusion.py \
			--swift-bench Benchmarks/.build/release/EngineBench $(OCCLUSION_FLAGS) && \
		.venv-conformance/bin/python Benchmarks/fair_session.py && \
		.venv-conformance/bin/python Benchmarks/first_answer.py $(FIRST_ANSWER_FLAGS) && \
		.venv-conformance/bin/python Benchmarks/resident.py $(RESIDENT_FLAGS) && \
		.venv-conformance/bin/python Benchmarks/whole_way.py $(WHOLE_WAY_FLAGS); \
	else echo "run 'make conformance' once to install the peers (PyTorch, ONNX Runtime, Captum) and compare with them"; fi

bench-index: build ## measure dataset search at the size of an archive (PHOTOS=folder: also against brute force)
	$(SWIFT) build -c release --package-path Benchmarks --product IndexBench
	Benchmarks/.build/release/IndexBench
	@[ -z "$(PHOTOS)" ] || python3 Benchmarks/dataset_search.py "$(PHOTOS)"

method-gallery: build ## draw Documentation/Methods.md and its pictures (needs python3 with Pillow)
	Scripts/method-gallery

looking-inside: build ## draw Documentation/LookingInside.md and its pictures (needs python3 with numpy and onnx)
	Scripts/looking-inside

measuring: build ## measure petshop on the reporting photos, and write Documentation/Measuring.md
	Scripts/measuring

unit-gallery: build ## draw Documentation/UnitGallery.md: what units respond to (needs python3 with Pillow, numpy, onnx)
	Scripts/unit-gallery

proto: swift ## generate the ONNX reader's messages anew (needs protobuf-compiler)
	$(BUILD) --product protoc-gen-swift
	protoc --plugin=.build/release/protoc-gen-swift --proto_path=Sources/ONNXImport \
		--swift_out=Sources/ONNXImport onnx.proto

clean: ## remove everything that was built
	rm -rf .build Benchmarks/.build Fuzzing/.build
