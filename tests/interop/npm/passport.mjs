// passport-openidconnect 0.1 in Express, which knows a nonce and no PKCE.
import { readFileSync } from 'node:fs'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const gateway = await (await fetch(`${given.issuer}/.well-known/openid-configuration`)).json()

passport.use(new OpenIDConnectStrategy({
  issuer: gateway.issuer,
  authorizationURL: gateway.authorization_endpoint,
  tokenURL: gateway.token_endpoint,
  userInfoURL: gateway.userinfo_endpoint,
  clientID: given.client_id,
  clientSecret: given.client_secret,
  callbackURL: `${given.place}/passport/callback`,
  scope: ['profile', 'email'],
  nonce: true,
  skipUserProfile: false,
}, (issuer, profile, done) => done(null, { issuer, profile })))
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
app.get('/', (req, res) => { res.send('ready') })
app.use(session({ secret: given.client_secret, resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/passport/login', passport.authenticate('openidconnect'))
app.get('/passport/callback', passport.authenticate('openidconnect', {
  successRedirect: '/passport/home', failureRedirect: '/passport/home', failureMessage: true,
}))
app.get('/passport/home', (req, res) => { res.json({ user: req.user, messages: req.session.messages }) })
app.use((error, req, res, next) => { res.status(500).json({ error: error.code, message: error.message }) })
app.listen(given.port, 'localhost')
