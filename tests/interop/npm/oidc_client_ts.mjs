// oidc-client-ts 3 as single-page applications use it: a public client with PKCE and without a secret.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from 'oidc-client-ts'

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const client = new OidcClient({
  authority: given.issuer,
  client_id: given.client_id,
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  // A browser has a store of its own.
  stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
})
const { url } = await client.createSigninRequest({})
console.log(JSON.stringify({ open: url }))

const lines = createInterface({ input: process.stdin })
const callback = (await lines[Symbol.asyncIterator]().next()).value
let refused
try {
  await client.processSigninResponse(callback)
} catch ({ name, error, error_description, message }) {
  refused = { name, error, error_description, message }
}
console.log(JSON.stringify(refused))
process.exit(0)
