// The one script of the gateway: browsers offer passkeys to scripts only (WebAuthn §5.1). It sends nothing by itself;
// it fills in the form that the page holds and submits it.
"use strict";

const form = document.querySelector("form[data-passkey]");
const failed = form.querySelector("[data-failed]");

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const words = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

async function make(options) {
  const made = await navigator.credentials.create({ publicKey: {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
  } });
  return { made, response: { attestationObject: words(made.response.attestationObject) } };
}

async function use(options) {
  const made = await navigator.credentials.get({ publicKey: {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: described(options.allowCredentials),
  } });
  const { authenticatorData, signature, userHandle } = made.response;
  return { made, response: {
    authenticatorData: words(authenticatorData),
    signature: words(signature),
    userHandle: userHandle ? words(userHandle) : null,
  } };
}

form.addEventListener("submit", async (event) => {
  if (form.elements.credential.value) return;
  event.preventDefault();
  failed.hidden = true;
  try {
    const options = JSON.parse(form.dataset.options);
    const { made, response } = await (form.dataset.passkey === "create" ? make(options) : use(options));
    form.elements.credential.value = JSON.stringify({
      id: made.id,
      rawId: words(made.rawId),
      type: made.type,
      response: { ...response, clientDataJSON: words(made.response.clientDataJSON) },
      clientExtensionResults: {},
    });
    form.requestSubmit();
  } catch {
    failed.hidden = false;
  }
});
