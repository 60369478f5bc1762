// From the address of the resource alone to a tool call. The client was registered
// beforehand (CLIENT_ID), has a document that describes it (CLIENT_DOCUMENT), or
// registers itself; everything else it finds out.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { open, done, API_URL, CLIENT_ID, CLIENT_DOCUMENT, REDIRECT_URI } from './line.mjs'

let tokens, verifier, callback
let information = CLIENT_ID ? { client_id: CLIENT_ID } : undefined
const authProvider = {
  redirectUrl: REDIRECT_URI,
  clientMetadata: { client_name: 'Assistant', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none' },
  clientMetadataUrl: CLIENT_DOCUMENT || undefined,
  clientInformation: () => information,
  saveClientInformation: (given) => { information = given },
  tokens: () => tokens,
  // The SDK refreshes instead of asking for more when it holds a refresh token, and a
  // refresh never widens a scope. An assistant that wants more lets go of it.
  saveTokens: ({ refresh_token: _, ...kept }) => { tokens = kept },
  saveCodeVerifier: (v) => { verifier = v },
  codeVerifier: () => verifier,
  redirectToAuthorization: async (url) => { callback = await open(url) },
}
const endpoint = new URL(`${API_URL}/mcp`)
const asked = []

// authorized does what may want another authorization, and does it again after one.
async function authorized(step) {
  const transport = new StreamableHTTPClientTransport(endpoint, { authProvider })
  const client = new Client({ name: 'assistant', version: '1' })
  try {
    await client.connect(transport)
    return await step(client)
  } catch (err) {
    if (!(err instanceof UnauthorizedError) || !callback) throw err
    await transport.finishAuth(callback.searchParams.get('code'), callback.searchParams.get('iss') ?? undefined)
    callback = undefined
    asked.push(tokens.scope)
    return await authorized(step)
  }
}

const { tools } = await authorized((c) => c.listTools())
const listed = await authorized((c) => c.callTool({ name: 'list_accounts', arguments: {} }))
const made = await authorized((c) => c.callTool({ name: 'create_tag', arguments: { name: 'By an assistant' } }))
done({ tools: tools.length, accounts: listed.structuredContent.accounts.length, tag: made.structuredContent.name, scopes: asked, client: information.client_id })
