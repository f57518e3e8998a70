# Every target that needs the build calls setup first; setup does nothing when nothing is missing.
.DEFAULT_GOAL := help
.PHONY: help setup build up demo test openapi golden bench bench-serving bench-site bench-charts bench-datasets bench-construction bench-review live-delay gpu-bundle gpu-check reproduce format clean

CLGRPO := bin/clgrpo
RUN ?= runs/demo
PORT ?= 5080

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Installs what is missing (Debian), builds, leaves the command line at bin/clgrpo
	@.ci/setup

build: ## Builds everything (Release), also where nothing seems to have changed
	@.ci/setup --rebuild

up: setup ## Makes EmoScenes where it is not, starts the site on http://localhost:5080 (PORT=5080)
	@.ci/up $(PORT)

demo: setup ## Makes EmoScenes, trains the nano model through all stages, prints the table (RUN=runs/demo)
	@.ci/demo $(RUN)

test: ## Sets up, then runs what CI runs: tests, formatter's check, golden numbers
	@.ci/run

openapi: ## After a meant change of the API: writes docs/openapi.json anew, which the tests compare
	@.ci/setup --test
	@CLGRPO_UPDATE_OPENAPI=1 dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -class CLGRPO.Web.Tests.Api.OpenApiTests

golden: setup ## Walks every golden case under CLGRPO_GOLDEN (default tests/golden)
	@dotnet tests/CLGRPO.Golden/bin/Release/net10.0/CLGRPO.Golden.dll

bench: ## Measures rollouts and training steps beside PyTorch; writes tests/benchmarks/results/latest.json
	@.ci/setup --bench
	@$${CLGRPO_PYTHON:-/usr/bin/python3} -B tests/benchmarks/peers/peer.py check-golden tests/golden/internvl 2>/dev/null
	@dotnet tests/benchmarks/CLGRPO.Benchmarks/bin/Release/net10.0/CLGRPO.Benchmarks.dll

bench-serving: setup ## On a quiet machine: models asked together beside one after the other, and beside training; writes results/serving.json
	@dotnet tests/benchmarks/CLGRPO.Benchmarks/bin/Release/net10.0/CLGRPO.Benchmarks.dll --serving

live-delay: ## Measures sampled to painted: real site, real training, Chromium; on a quiet machine
	@.ci/setup --test
	@dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -diagnostics -explicit only -class CLGRPO.Web.Tests.Browser.LiveDelay

bench-site: ## On a quiet machine: 20 live viewers and 50 API clients against a run that trains; writes results/site.json
	@.ci/setup --test
	@dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -explicit only -class CLGRPO.Web.Tests.Load.SiteLoad

bench-review: ## On a quiet machine: 50 annotators for ten minutes beside bare transactions; writes results/review.json
	@.ci/setup --test
	@dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -explicit only -class CLGRPO.Web.Tests.Reviews.ReviewLoad

bench-charts: ## On a quiet machine: five browsers at a run of 100,000 steps with 80 metrics; writes results/charts.json
	@.ci/setup --test
	@dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -explicit only -class CLGRPO.Web.Tests.Load.ChartLoad

bench-datasets: ## On a quiet machine: 100,000 pictures browsed, filtered, exported; writes results/datasets.json
	@.ci/setup --test
	@dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -diagnostics -explicit only -class CLGRPO.Web.Tests.Load.DatasetLoad

bench-construction: ## On a quiet machine: the page of a construction of 100,000 images while it goes on; writes results/construction.json
	@.ci/setup --test
	@dotnet tests/CLGRPO.Web.Tests/bin/Release/net10.0/CLGRPO.Web.Tests.dll -noLogo -explicit only -class CLGRPO.Web.Tests.Load.ConstructionLoad

gpu-bundle: setup ## Packs tests, benchmarks and the .NET runtime for a GPU machine: bin/gpu-bundle.tar.xz
	@.ci/gpu-bundle

gpu-check: ## On a GPU, offline: builds there, runs the GPU tests, compares and measures; elsewhere says so
	@.ci/gpu-check

reproduce: setup ## Three seeds with controls and ablations (up to 90 minutes); see docs/reproduction.md
	@$(CLGRPO) reproduce

format: ## Formats the C# and XML sources
	@dotnet tool restore >/dev/null
	@dotnet csharpier format .

clean: ## Removes what the build made; runs and datasets stay
	@rm -rf bin
	@find CLGRPO.* tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
