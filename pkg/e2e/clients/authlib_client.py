import json
from urllib.request import urlopen

from authlib.common.errors import AuthlibBaseError as OAuthError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from line import API_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, REDIRECT_URI, done, open_page

server = json.load(urlopen(ISSUER + "/.well-known/oauth-authorization-server"))
session = OAuth2Session(
    CLIENT_ID, CLIENT_SECRET, scope="read", redirect_uri=REDIRECT_URI, code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic"
)
verifier = generate_token(48)
url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
first = session.fetch_token(server["token_endpoint"], authorization_response=open_page(url), state=state, code_verifier=verifier)
second = session.refresh_token(server["token_endpoint"], refresh_token=first["refresh_token"])
accounts = session.get(API_URL + "/api/v1/accounts").json()["accounts"]
session.revoke_token(server["revocation_endpoint"], second["refresh_token"], token_type_hint="refresh_token").raise_for_status()
refused = ""
try:
    session.refresh_token(server["token_endpoint"], refresh_token=second["refresh_token"])
except OAuthError as error:
    refused = error.error
done(rotated=first["refresh_token"] != second["refresh_token"], accounts=len(accounts), refused=refused)
