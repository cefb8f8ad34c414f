# A thin wrapper: `make run` is `python3 dev.py run`.
# PORT=8001 make run · make test ARGS="-k ledger" · make lock ARGS=--upgrade
PYTHON ?= python3

.PHONY: run test check bench lock
run test check bench lock:
	@$(PYTHON) dev.py $@ $(ARGS)
