// Reads pairs of JavaScript or TypeScript sources, one JSON array a line, and prints how many have equal syntax trees by the
// TypeScript compiler, and by acorn where it can read them.
const fs = require('fs')
const path = require('path')
const modules = path.join(process.argv[3], 'node_modules')
const ts = require(path.join(modules, 'typescript'))
const acorn = require(path.join(modules, 'acorn'))

const counts = { pairs: 0, unparsable: 0, wrong: 0, missed: 0, acorn: 0 }

// clean is the text of an element as React reads it.
function clean(text) {
  const lines = text.split(/\r\n|\n|\r/)
  return lines
    .map((l, i) => (i > 0 ? l.replace(/^[ \t]+/, '') : l))
    .map((l, i) => (i < lines.length - 1 ? l.replace(/[ \t]+$/, '') : l))
    .filter((l) => l !== '')
    .join(' ')
}

function tree(name, text) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, false)
  if (file.parseDiagnostics.length > 0) return null
  const out = []
  const stack = [file]
  while (stack.length > 0) {
    const n = stack.pop()
    if (n === 0) {
      out.push(')')
      continue
    }
    if (n.kind === ts.SyntaxKind.JsxText) {
      const t = clean(n.text)
      if (t !== '') out.push('jsx:' + t)
      continue
    }
    out.push('(' + n.kind, n.operator ?? '', n.token ?? '', n.keywordToken ?? '', n.isTypeOnly ?? '', n.isTypeOf ?? '', n.isExportEquals ?? '', n.flags & 7)
    if (n.kind !== ts.SyntaxKind.SourceFile) {
      if (n.rawText !== undefined) out.push(n.rawText)
      if (n.text !== undefined) out.push(String(n.text))
      if (n.escapedText !== undefined) out.push(String(n.escapedText))
    }
    const children = []
    ts.forEachChild(n, (c) => void children.push(c))
    stack.push(0)
    for (const c of children.reverse()) stack.push(c)
  }
  return out.join(' ')
}

function acornTree(text) {
  for (const sourceType of ['module', 'script']) {
    try {
      const t = acorn.parse(text, { ecmaVersion: 'latest', sourceType, allowHashBang: true })
      return sourceType + JSON.stringify(t, (k, v) => (k === 'start' || k === 'end' || k === 'raw' ? undefined : typeof v === 'bigint' ? String(v) : v))
    } catch {}
  }
  return null
}

const known = new Map()
for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line === '') continue
  const [file, before, after, effect] = JSON.parse(line)
  if (!known.has(file)) known.set(file, [tree(file, before), /\.[cm]?js$/.test(file) ? acornTree(before) : null])
  const [want, wantAcorn] = known.get(file)
  if (want === null && wantAcorn === null) {
    counts.unparsable++
    continue
  }
  counts.pairs++
  const got = want === null ? null : tree(file, after)
  const same = got === want
  if (effect === 'code') {
    if (same && want !== null) counts.missed++
    continue
  }
  let wrong = !same
  if (wantAcorn !== null) {
    counts.acorn++
    wrong ||= acornTree(after) !== wantAcorn
  }
  if (wrong) {
    counts.wrong++
    console.error('WRONG', effect, file)
    const old = new Set(before.split('\n'))
    for (const [i, l] of after.split('\n').entries()) if (!old.has(l)) console.error(i + 1, JSON.stringify(l))
  }
}
console.log(JSON.stringify(counts))
