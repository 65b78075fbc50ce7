// express-openid-connect 3 in Express: every page wants somebody who is signed in.
import { readFileSync } from 'node:fs'
import express from 'express'
import openid from 'express-openid-connect'

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const app = express()
app.get('/', (req, res) => { res.send('ready') })
app.get('/express/bye', (req, res) => { res.send('signed out here and there') })
app.use('/express', openid.auth({
  issuerBaseURL: given.issuer,
  baseURL: `${given.place}/express`,
  clientID: given.client_id,
  clientSecret: given.client_secret,
  secret: given.client_secret,
  idpLogout: true,
  authorizationParams: { response_type: 'code', scope: 'openid profile email' },
  routes: { postLogoutRedirect: '/bye' },
}))
app.get('/express/home', async (req, res) => {
  const first = await req.oidc.fetchUserInfo()
  const { refreshToken } = req.oidc
  await req.oidc.accessToken.refresh()
  const second = await req.oidc.fetchUserInfo()
  const isNew = req.oidc.refreshToken !== refreshToken
  res.json({ first, second, is_new: isNew, id_token: req.oidc.idTokenClaims })
})
app.use((error, req, res, next) => { res.status(error.status ?? 500).json({ error: error.error, message: error.message }) })
app.listen(given.port, 'localhost')
