#!/bin/sh
# Lists accounts, records a transaction, prints the balance sheet.
set -eu
API=${API:-http://127.0.0.1:8081}

call() {
  curl --silent --show-error --fail-with-body -H "X-Api-Key: $KEY" -H 'Content-Type: application/json' "$@"
}

accounts=$(call "$API/api/v1/accounts")
echo "$accounts"
account=$(echo "$accounts" | sed 's/.*"accounts":\[{"id":"\([^"]*\)".*/\1/')

# The external id makes this safe to repeat: the second call answers 200 with
# the transaction that is there.
for _ in first second; do
  call -X POST "$API/api/v1/transactions" -d "{\"transaction\": {
    \"account_id\": \"$account\", \"date\": \"$(date +%F)\", \"amount\": \"4.20\", \"name\": \"Coffee\", \"external_id\": \"example-curl\"
  }}"
done

call "$API/api/v1/balance_sheet"
