'use strict';

// The one button of the page: it signs the sha256 of the text that the page shows.
const button = document.getElementById('sign');
const outcome = document.getElementById('outcome');

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

function say(message, kind) {
  outcome.textContent = message.charAt(0).toUpperCase() + message.slice(1);
  outcome.className = kind;
}

function keys() {
  return button.dataset.keys.split(' ').filter(Boolean).map((pair) => pair.split('='));
}

async function answer(challenge) {
  const { kind, site, verify, user, algorithms } = button.dataset;
  const known = keys().map(([credential]) => ({ type: 'public-key', id: bytes(credential) }));
  if (kind === 'get') {
    return navigator.credentials.get({ publicKey: { challenge, rpId: site, allowCredentials: known, userVerification: verify, timeout: 120000 } });
  }
  return navigator.credentials.create({ publicKey: {
    challenge,
    rp: { id: site, name: 'adamant' },
    user: { id: new TextEncoder().encode(user), name: user, displayName: user },
    pubKeyCredParams: algorithms.split(' ').map((alg) => ({ type: 'public-key', alg: Number(alg) })),
    excludeCredentials: known,
    authenticatorSelection: { userVerification: verify, residentKey: 'discouraged' },
    attestation: 'none',
    timeout: 120000,
  } });
}

function credential(made) {
  const response = {};
  for (const part of ['clientDataJSON', 'authenticatorData', 'signature', 'attestationObject']) {
    if (made.response[part] instanceof ArrayBuffer) response[part] = text(made.response[part]);
  }
  return { id: made.id, rawId: text(made.rawId), type: made.type, response };
}

async function sign() {
  const statement = button.dataset.text;
  const challenge = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(statement)));
  const assertion = credential(await answer(challenge));
  const key = (keys().find(([id]) => id === assertion.rawId) || [])[1] || '';
  const sent = await fetch(location.pathname, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ statement, key, assertion }),
  });
  const said = await sent.json();
  if (!sent.ok) throw new Error(said.detail || said.title);
  return said;
}

function showCodes(codes) {
  const list = document.getElementById('codes');
  for (const code of codes) {
    const item = document.createElement('li');
    item.textContent = code;
    list.append(item);
  }
  list.hidden = false;
}

if (button) {
  button.addEventListener('click', async () => {
    button.disabled = true;
    say('Touch your key …', '');
    try {
      const said = await sign();
      button.hidden = true;
      say(said.codes ? said.message + '. These recovery codes are shown this once, and each works once:' : said.message, 'good');
      if (said.codes) showCodes(said.codes);
    } catch (error) {
      button.disabled = false;
      say(error.name === 'NotAllowedError' ? 'Nothing was signed.' : error.message, 'bad');
    }
  });
}
