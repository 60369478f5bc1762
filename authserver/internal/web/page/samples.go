package page

import (
	"net/url"
	"strings"

	"latchkey/authserver"
)

// sample is a program that gets tokens for the application and calls the API.
type sample struct{ Name, Text string }

// samples are the same in four languages. They read the secret from the environment and
// ask for the code: nothing of it is in a file or in a history.
func (c ClientView) samples() []sample {
	return []sample{
		{"curl", c.fill(curlSample)}, {"Python", c.fill(pythonSample)}, {"JavaScript", c.fill(scriptSample)}, {"Go", c.fill(goSample)},
	}
}

// fill puts the application's own values in. They are quoted as all four languages read
// them.
func (c ClientView) fill(text string) string {
	redirect := ""
	if len(c.RedirectURIs) > 0 {
		redirect = c.RedirectURIs[0]
	}
	scopes := strings.Join(c.Scopes.Names(), " ")
	for name, parts := range sampleAuth[c.AuthMethod] {
		text = strings.ReplaceAll(text, "«"+name+"»", parts)
	}
	for name, value := range map[string]string{
		"ISSUER": c.Issuer, "API": c.API, "CLIENT": c.ID, "REDIRECT": redirect, "SCOPE": scopes,
		"REDIRECT IN AN ADDRESS": url.QueryEscape(redirect), "SCOPE IN AN ADDRESS": url.QueryEscape(scopes),
	} {
		text = strings.ReplaceAll(text, "«"+name+"»", sampleQuote.Replace(value))
	}
	return text
}

// sampleQuote keeps a value within quotes of any of the languages. Redirect URIs and ids
// of clients have none of these characters unescaped; what has is left visibly broken.
var sampleQuote = strings.NewReplacer("«", "", "»", "", `"`, "%22", `'`, "%27", "`", "%60", `\`, "%5C", "$", "%24", "\n", "")

// How the application names itself, by method of client authentication.
var sampleAuth = map[string]map[string]string{
	authserver.AuthNone: {
		"curl": "-d client_id='«CLIENT»'", "python": `, "client_id": CLIENT_ID`, "pythonhead": "", "script": ", client_id", "scripthead": "",
		"go": "\n\tform.Set(\"client_id\", clientID)", "gohead": "",
	},
	authserver.AuthPost: {
		"curl": `-d client_id='«CLIENT»' --data-urlencode client_secret="$CLIENT_SECRET"`, "python": `, "client_id": CLIENT_ID, "client_secret": os.environ["CLIENT_SECRET"]`, "pythonhead": "",
		"script": ", client_id, client_secret: process.env.CLIENT_SECRET", "scripthead": "",
		"go": "\n\tform.Set(\"client_id\", clientID)\n\tform.Set(\"client_secret\", os.Getenv(\"CLIENT_SECRET\"))", "gohead": "",
	},
	authserver.AuthBasic: {
		"curl": `-u '«CLIENT»'":$CLIENT_SECRET"`, "python": "",
		"pythonhead": "\nrequest.add_header(\"Authorization\", \"Basic \" + base64.b64encode(f\"{CLIENT_ID}:{os.environ['CLIENT_SECRET']}\".encode()).decode())",
		"script":     "", "scripthead": "\n  headers: { authorization: `Basic ${btoa(`${client_id}:${process.env.CLIENT_SECRET}`)}` },",
		"go": "", "gohead": "\n\treq.SetBasicAuth(clientID, os.Getenv(\"CLIENT_SECRET\"))",
	},
}

const curlSample = `VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary |
  openssl base64 -A | tr '+/' '-_' | tr -d =)
STATE=$(openssl rand -hex 16)

ASK='«ISSUER»/oauth/authorize?response_type=code&client_id=«CLIENT»'
ASK="$ASK&redirect_uri=«REDIRECT IN AN ADDRESS»"
ASK="$ASK&scope=«SCOPE IN AN ADDRESS»&state=$STATE"
echo "Open: $ASK&code_challenge_method=S256&code_challenge=$CHALLENGE"
printf 'code of the address you were sent back to: '; read -r CODE

curl '«ISSUER»/oauth/token' \
  «curl» \
  -d grant_type=authorization_code \
  --data-urlencode code="$CODE" \
  -d code_verifier="$VERIFIER" \
  --data-urlencode redirect_uri='«REDIRECT»'; echo
printf 'access_token of the answer: '; read -r TOKEN

curl -H "Authorization: Bearer $TOKEN" '«API»/api/v1/accounts'`

const pythonSample = `import base64, hashlib, json, os, secrets, urllib.parse, urllib.request

CLIENT_ID, REDIRECT_URI = "«CLIENT»", "«REDIRECT»"
verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
print("Open: «ISSUER»/oauth/authorize?" + urllib.parse.urlencode({
    "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "scope": "«SCOPE»",
    "state": state, "code_challenge_method": "S256", "code_challenge": challenge}))
back = urllib.parse.parse_qs(urllib.parse.urlsplit(input("Address you were sent back to: ")).query)
assert back["state"] == [state] and back["iss"] == ["«ISSUER»"], "not the answer to this request"

form = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier«python»}
request = urllib.request.Request("«ISSUER»/oauth/token", urllib.parse.urlencode(form).encode())«pythonhead»
tokens = json.load(urllib.request.urlopen(request))

request = urllib.request.Request("«API»/api/v1/accounts")
request.add_header("Authorization", "Bearer " + tokens["access_token"])
print(json.load(urllib.request.urlopen(request)))`

const scriptSample = `import { createHash, randomBytes } from "node:crypto";
import { createInterface } from "node:readline/promises";

const client_id = "«CLIENT»", redirect_uri = "«REDIRECT»";
const verifier = randomBytes(48).toString("base64url"), state = randomBytes(16).toString("base64url");
const code_challenge = createHash("sha256").update(verifier).digest("base64url");
console.log("Open: «ISSUER»/oauth/authorize?" + new URLSearchParams({
  response_type: "code", client_id, redirect_uri, scope: "«SCOPE»", state, code_challenge_method: "S256", code_challenge }));
const terminal = createInterface({ input: process.stdin, output: process.stdout });
const back = new URL(await terminal.question("Address you were sent back to: ")).searchParams;
terminal.close();
if (back.get("state") !== state || back.get("iss") !== "«ISSUER»") throw new Error("not the answer to this request");

const answer = await fetch("«ISSUER»/oauth/token", {
  method: "POST",«scripthead»
  body: new URLSearchParams({ grant_type: "authorization_code", code: back.get("code"), redirect_uri, code_verifier: verifier«script» }),
});
const tokens = await answer.json();
if (!answer.ok) throw new Error(JSON.stringify(tokens));
const accounts = await fetch("«API»/api/v1/accounts", { headers: { authorization: ` + "`Bearer ${tokens.access_token}`" + ` } });
console.log(await accounts.json());`

const goSample = `package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
)

const clientID, redirectURI = "«CLIENT»", "«REDIRECT»"

func main() {
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	fmt.Println("Open: «ISSUER»/oauth/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "scope": {"«SCOPE»"},
		"state": {state}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode())
	fmt.Print("Address you were sent back to: ")
	var address string
	fmt.Fscanln(os.Stdin, &address)
	back, err := url.Parse(address)
	if err != nil || back.Query().Get("state") != state || back.Query().Get("iss") != "«ISSUER»" {
		log.Fatal("not the answer to this request")
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}«go»
	req, _ := http.NewRequest("POST", "«ISSUER»/oauth/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")«gohead»
	var tokens struct {
		Access string ` + "`json:\"access_token\"`" + `
	}
	if err := json.Unmarshal(ask(req), &tokens); err != nil {
		log.Fatal(err)
	}
	req, _ = http.NewRequest("GET", "«API»/api/v1/accounts", nil)
	req.Header.Set("Authorization", "Bearer "+tokens.Access)
	fmt.Println(string(ask(req)))
}

func ask(req *http.Request) []byte {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		log.Fatal(res.Status, string(body), err)
	}
	return body
}`
