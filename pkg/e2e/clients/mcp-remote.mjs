// A program that speaks to mcp-remote as assistants on a desktop do, which know
// nothing of OAuth. The arguments are more of mcp-remote's own.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport, getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { open, done, API_URL, CONFIG, ISSUER } from './line.mjs'

// freePort is below those that outgoing connections take, as the one that mcp-remote
// derives from the address may not be.
async function freePort() {
  const port = 10000 + Math.floor(Math.random() * 10000)
  const free = await new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return free ? port : freePort()
}

const transport = new StdioClientTransport({
  command: process.execPath,
  args: ['node_modules/mcp-remote/dist/proxy.js', `${API_URL}/mcp`, `${await freePort()}`, ...process.argv.slice(2)],
  env: { ...getDefaultEnvironment(), MCP_REMOTE_CONFIG_DIR: CONFIG, BROWSER: 'true' }, // the program true opens nothing
  stderr: 'pipe',
})
// visit opens the callback as soon as somebody listens there.
async function visit(callback) {
  await fetch(callback).catch(() => setTimeout(visit, 100, callback))
}

// What it wants a person to open, it also prints. A device's code has no callback.
createInterface({ input: transport.stderr }).on('line', async (line) => {
  const [url] = line.match(/https?:\S+/) ?? []
  if (url?.startsWith(`${ISSUER}/oauth/authorize?`)) await visit(await open(url))
  else if (url?.startsWith(`${ISSUER}/device?`)) console.log(`DEVICE ${url}`)
  else console.log(line)
})
const client = new Client({ name: 'desktop', version: '1' })
await client.connect(transport)
const { tools } = await client.listTools()
const listed = await client.callTool({ name: 'list_accounts', arguments: {} })
await client.close()
done({ tools: tools.length, accounts: listed.structuredContent.accounts.length })
