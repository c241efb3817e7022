#!/usr/bin/python3
"""The JSON API of a whole server, each answer held against docs/openapi.yaml:
test_api.py SERVER API_TABLE. Prints its cases as cmocka does, so that they are counted."""
import subprocess
import sys

import api_client
import api_batch
import api_changes
import api_nodes
import api_versions
import api_security
import api_session
from api_client import contract, same


def the_contract_is_well_formed(_client):
    same(list(contract.lint()), [])


def router_and_contract_list_the_same_routes(_client):
    table = subprocess.run([sys.argv[2]], stdout=subprocess.PIPE, text=True, check=True).stdout
    listed = [f"{method} {pattern}" for method, pattern, _, _ in contract.operations()]
    same(sorted(table.splitlines()), sorted(listed))


def answers_showed_all_that_the_contract_lists(_client):
    same(list(contract.not_seen()), [])


CASES = [
    the_contract_is_well_formed,
    router_and_contract_list_the_same_routes,
    *api_nodes.CASES,
    *api_changes.CASES,
    *api_batch.CASES,
    *api_versions.CASES,
    *api_security.CASES,
    *api_session.CASES,
    answers_showed_all_that_the_contract_lists,
]

sys.exit(api_client.run(CASES, sys.argv[1]))
