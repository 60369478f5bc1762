import json
from urllib.request import urlopen

import requests
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from line import API_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, REDIRECT_URI, done, open_page

server = json.load(urlopen(ISSUER + "/.well-known/oauth-authorization-server"))
auth = HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET)
client = WebApplicationClient(CLIENT_ID)
verifier = client.create_code_verifier(64)
session = OAuth2Session(client=client, scope=["read"], redirect_uri=REDIRECT_URI)
challenge = {"code_challenge": client.create_code_challenge(verifier, "S256"), "code_challenge_method": "S256"}
url, state = session.authorization_url(server["authorization_endpoint"], **challenge)
first = dict(session.fetch_token(server["token_endpoint"], authorization_response=open_page(url), auth=auth, code_verifier=verifier))
second = session.refresh_token(server["token_endpoint"], refresh_token=first["refresh_token"], auth=auth)
accounts = session.get(API_URL + "/api/v1/accounts").json()["accounts"]
requests.post(server["revocation_endpoint"], data={"token": second["refresh_token"]}, auth=auth).raise_for_status()
refused = ""
try:
    session.refresh_token(server["token_endpoint"], refresh_token=second["refresh_token"], auth=auth)
except OAuth2Error as error:
    refused = error.error
done(rotated=first["refresh_token"] != second["refresh_token"], accounts=len(accounts), refused=refused)
