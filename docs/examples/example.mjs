// Lists accounts, records a transaction, prints the balance sheet.

const API = process.env.API ?? "http://127.0.0.1:8081";
const KEY = process.env.KEY;

async function call(method, path, body) {
  const answer = await fetch(API + path, {
    method,
    headers: { "X-Api-Key": KEY, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status} ${json.message ?? json.error}`);
  return [answer.status, json];
}

const [, page] = await call("GET", "/api/v1/accounts");
for (const account of page.accounts) console.log(account.name, account.balance);

const transaction = {
  account_id: page.accounts[0].id,
  date: new Date().toISOString().slice(0, 10),
  amount: "4.20", // a string: money does not pass through a float
  name: "Coffee",
  external_id: "example-javascript", // makes this safe to repeat
};
for (let i = 0; i < 2; i++) {
  const [status, made] = await call("POST", "/api/v1/transactions", { transaction });
  console.log(status === 201 ? "created" : "was there already", made.name, made.amount);
}

const [, sheet] = await call("GET", "/api/v1/balance_sheet");
console.log("net worth", sheet.net_worth);
