import * as oauth from 'oauth4webapi'
import { open, done, API_URL, CLIENT_ID, REDIRECT_URI } from './line.mjs'

const http = { [oauth.allowInsecureRequests]: true }
const resource = new URL(API_URL)
const described = await oauth.processResourceDiscoveryResponse(resource, await oauth.resourceDiscoveryRequest(resource, http))
const issuer = new URL(described.authorization_servers[0])
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...http }))
const client = { client_id: CLIENT_ID }
const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const at = new URL(as.authorization_endpoint)
at.search = new URLSearchParams({
  client_id: CLIENT_ID, redirect_uri: REDIRECT_URI, response_type: 'code', scope: 'read_write', state, resource: described.resource,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const params = oauth.validateAuthResponse(as, client, await open(at), state)
const first = await oauth.processAuthorizationCodeResponse(as, client,
  await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, REDIRECT_URI, verifier, http))
const second = await oauth.processRefreshTokenResponse(as, client,
  await oauth.refreshTokenGrantRequest(as, client, oauth.None(), first.refresh_token, http))
const accounts = await oauth.protectedResourceRequest(second.access_token, 'GET', new URL(`${API_URL}/api/v1/accounts`), undefined, null, http)
const listed = await accounts.json()
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), second.refresh_token, http))
let refused = ''
try {
  await oauth.protectedResourceRequest(first.access_token, 'GET', new URL(`${API_URL}/api/v1/accounts`), undefined, null, http)
} catch (err) {
  refused = err instanceof oauth.WWWAuthenticateChallengeError ? err.cause[0].parameters.error : String(err)
}
done({ rotated: first.refresh_token !== second.refresh_token, accounts: listed.accounts.length, refused })
