// openid-client 6 as a FAPI 2.0 partner: PAR, DPoP, private_key_jwt; with `signed` also JAR and JARM.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import * as client from 'openid-client'

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const { kid, alg, use, ...jwk } = given.jwk
const key = { key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid }

const config = await client.discovery(
  new URL(given.issuer), given.client_id, undefined, client.PrivateKeyJwt(key),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
)
if (given.signed) client.useJwtResponseMode(config)
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
let parameters = new URLSearchParams({
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  ...(given.more ?? {}),
})
if (given.signed) {
  parameters = (await client.buildAuthorizationUrlWithJAR(config, parameters, key)).searchParams
}
const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
console.log(JSON.stringify({ open: url.href }))

const lines = createInterface({ input: process.stdin })
const callback = new URL((await lines[Symbol.asyncIterator]().next()).value)
const tokens = await client.authorizationCodeGrant(
  config, callback, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
  undefined, { DPoP },
)
const { sub } = tokens.claims()
const first = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const second = await client.fetchUserInfo(config, fresh.access_token, sub, { DPoP })
const alive = await client.tokenIntrospection(config, fresh.access_token)
await client.tokenRevocation(config, fresh.refresh_token)
const dead = await client.tokenIntrospection(config, fresh.access_token)
let refused
try {
  await client.fetchUserInfo(config, fresh.access_token, sub, { DPoP })
} catch (error) {
  refused = error.cause?.[0]?.parameters?.error ?? String(error)
}
console.log(JSON.stringify({
  callback: [...callback.searchParams.keys()], tokens, id_token: tokens.claims(), first, second, alive, dead, refused,
}))
process.exit(0)
