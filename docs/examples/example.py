"""Lists accounts, records a transaction, prints the balance sheet."""

import datetime
import json
import os
import urllib.request

API = os.environ.get("API", "http://127.0.0.1:8081")
KEY = os.environ["KEY"]


def call(method, path, body=None):
    request = urllib.request.Request(
        API + path,
        method=method,
        headers={"X-Api-Key": KEY, "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # an HTTP error raises, with the answer in it
        return answer.status, json.load(answer)


_, page = call("GET", "/api/v1/accounts")
for account in page["accounts"]:
    print(account["name"], account["balance"])

transaction = {
    "account_id": page["accounts"][0]["id"],
    "date": datetime.date.today().isoformat(),
    "amount": "4.20",  # a string: money does not pass through a float
    "name": "Coffee",
    "external_id": "example-python",  # makes this safe to repeat
}
for _ in range(2):
    status, made = call("POST", "/api/v1/transactions", {"transaction": transaction})
    print("created" if status == 201 else "was there already", made["name"], made["amount"])

_, sheet = call("GET", "/api/v1/balance_sheet")
print("net worth", sheet["net_worth"])
