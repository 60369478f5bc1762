"""What a client and the test say to each other, as in line.mjs."""

import json
import os
import sys

ISSUER, API_URL = os.environ["ISSUER"], os.environ["API_URL"]
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
REDIRECT_URI = os.environ["REDIRECT_URI"]


def open_page(url):
    print("OPEN", url, flush=True)
    return sys.stdin.readline().strip()


def done(**result):
    print("DONE", json.dumps(result), flush=True)
