import * as client from 'openid-client'
import { open, done, ISSUER, API_URL, CLIENT_ID, REDIRECT_URI } from './line.mjs'

const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.None(), { algorithm: 'oauth2', execute: [client.allowInsecureRequests] })
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const at = client.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI, scope: 'read', state, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const first = await client.authorizationCodeGrant(config, await open(at), { pkceCodeVerifier: verifier, expectedState: state })
const second = await client.refreshTokenGrant(config, first.refresh_token)
const accounts = await (await client.fetchProtectedResource(config, second.access_token, new URL(`${API_URL}/api/v1/accounts`), 'GET')).json()
await client.tokenRevocation(config, second.refresh_token)
let refused = ''
try {
  await client.refreshTokenGrant(config, second.refresh_token)
} catch (err) {
  refused = err.error
}
done({ rotated: first.refresh_token !== second.refresh_token, accounts: accounts.accounts.length, refused })
