// Auth.js in Express: a provider of one's own, with what userinfo says instead of what the ID token says.
import { readFileSync } from 'node:fs'
import express from 'express'
import { ExpressAuth, getSession } from '@auth/express'

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const config = {
  secret: given.client_secret,
  trustHost: true,
  basePath: '/authjs',
  providers: [{
    id: 'interop',
    name: 'School account',
    type: 'oidc',
    issuer: given.issuer,
    clientId: given.client_id,
    clientSecret: given.client_secret,
    idToken: false,
  }],
}
const app = express()
app.get('/', (req, res) => { res.send('ready') })
app.get('/home', async (req, res) => { res.json(await getSession(req, config)) })
app.use('/authjs', ExpressAuth(config))
app.listen(given.port, 'localhost')
