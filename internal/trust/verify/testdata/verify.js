// Checks attestation.json of the working folder by root.json with @sigstore/verify: node verify.js IDENTITY ISSUER
const fs = require('node:fs');
const { createHash } = require('node:crypto');
const { bundleFromJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const read = (name) => JSON.parse(fs.readFileSync(name));
const [identity, issuer] = process.argv.slice(2);
const bundle = bundleFromJSON(read('attestation.json'));
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(read('root.json'))), { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
const escape = (text) => '^' + text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '$';
const signer = verifier.verify(toSignedEntity(bundle), { subjectAlternativeName: escape(identity), extensions: { issuer } });
// The library leaves the subject of a statement to its caller.
const statement = JSON.parse(Buffer.from(bundle.content.dsseEnvelope.payload));
const digest = createHash('sha256').update(fs.readFileSync('artifact')).digest('hex');
if (statement.subject[0].digest.sha256 !== digest) throw new Error('the artifact is another one');
console.log(signer.identity.subjectAlternativeName);
