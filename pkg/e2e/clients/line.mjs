// What a client and the test say to each other: the client asks for an address to be
// opened by a person, and is told where that person's browser was sent.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

export async function open(url) {
  console.log(`OPEN ${url}`)
  const { value } = await lines.next()
  return new URL(value)
}

export function done(result) {
  console.log(`DONE ${JSON.stringify(result)}`)
  process.exit(0)
}

export const { ISSUER, API_URL, CLIENT_ID, CLIENT_DOCUMENT, CONFIG, REDIRECT_URI } = process.env
