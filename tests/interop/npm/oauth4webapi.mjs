// oauth4webapi 3, step by step: the same as openid-client does, and what a public client would try.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import * as oauth from 'oauth4webapi'

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(given.issuer)
const as = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
)
const client = { client_id: given.client_id }
const { kid, alg, use, ...jwk } = given.jwk
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const key = { key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid }
const authentication = oauth.PrivateKeyJwt(key)
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const options = { DPoP, ...insecure }

// The gateway may want a nonce in the proof: then the same is sent again with it (RFC 9449 §8).
async function proved(send) {
  try {
    return await send()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return send()
  }
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const parameters = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: given.redirect_uri,
  response_type: 'code',
  scope: given.scope,
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  ...(given.signed ? { response_mode: 'jwt' } : {}),
  ...(given.more ?? {}),
})
const pushed = given.signed
  ? { client_id: client.client_id, request: await oauth.issueRequestObject(as, client, parameters, key) }
  : parameters
const { request_uri } = await proved(async () => oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, authentication, pushed, options),
))
const open = new URL(as.authorization_endpoint)
open.searchParams.set('client_id', client.client_id)
open.searchParams.set('request_uri', request_uri)
console.log(JSON.stringify({ open: open.href }))

const lines = createInterface({ input: process.stdin })
const callback = new URL((await lines[Symbol.asyncIterator]().next()).value)
const answer = given.signed
  ? await oauth.validateJwtAuthResponse(as, client, callback, state, insecure)
  : oauth.validateAuthResponse(as, client, callback, state)
const tokens = await proved(async () => {
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, answer, given.redirect_uri, verifier, options,
  )
  return oauth.processAuthorizationCodeResponse(
    as, client, response, { expectedNonce: nonce, requireIdToken: true },
  )
})
const { sub } = oauth.getValidatedIdTokenClaims(tokens)
const first = await proved(async () => oauth.processUserInfoResponse(
  as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, options),
))

// A public client does not prove who it is, and gets no further.
const nobody = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token, options)
const publicClient = { status: nobody.status, ...(await nobody.json()) }

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, authentication, tokens.refresh_token, insecure),
)
const dead = await oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, authentication, tokens.access_token, insecure),
)
console.log(JSON.stringify({
  callback: [...callback.searchParams.keys()], tokens, first, dead, public_client: publicClient,
}))
process.exit(0)
