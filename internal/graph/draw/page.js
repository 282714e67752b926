'use strict';
(() => {
const D = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id), NS = 'http://www.w3.org/2000/svg';
const H = 42, GAP = 14, LANE = 9, M = 32, CHANGE = ['', 'added', 'removed', 'changed'], SIGN = ['', '+', '−', 'Δ'];
const G = D.groups.map(g => ({name: g[0], label: g[1], sub: g[2], up: g[3], open: g[4] === 1, kids: []}));
const B = D.boxes.map(b => ({name: b[0], label: b[1], sub: b[2], group: b[3], files: b[4], change: b[5], out: b[6], hue: b[7]}));
const L = D.lines.map(l => ({from: l[0], to: l[1], n: l[2], type: l[3], change: l[4]}));
const closedAt = G.map(() => -1);
let V, E, svg, world, view = {x: 0, y: 0, k: 1}, size, chosen = null, onlyChanges = false;
const el = (name, attrs, up, text) => {
  const e = document.createElementNS(NS, name);
  for (const k in attrs) e.setAttribute(k, attrs[k]);
  if (text !== undefined) e.textContent = text;
  if (up) up.appendChild(e);
  return e;
};
const width = s => { let n = 0; for (const c of s) n += c.codePointAt(0) < 0x1100 || (c >= '\u2000' && c < '\u2e80') ? 1 : 2; return n; };
const num = (n, w) => n.toLocaleString('en') + ' ' + w + (n === 1 ? '' : 's');
const floor = Math.floor;

// visible: boxes and lines with closed folders in place of what is in them.
function visible() {
  G.forEach((g, i) => { closedAt[i] = g.up >= 0 && closedAt[g.up] >= 0 ? closedAt[g.up] : g.open ? -1 : i; });
  let keep = B.map(() => true);
  if (onlyChanges) {
    keep = B.map(b => b.change > 0);
    for (const l of L) if (l.change) keep[l.from] = keep[l.to] = true;
  }
  const at = [], place = new Map(), at2 = new Map();
  V = []; E = [];
  B.forEach((b, i) => {
    if (!keep[i]) { at[i] = -1; return; }
    const g = closedAt[b.group];
    if (g < 0) { at[i] = V.length; V.push({...b, box: i, key: 'b' + i}); return; }
    if (!place.has(g)) {
      place.set(g, V.length);
      V.push({name: G[g].name, label: G[g].label, sub: G[g].sub, group: G[g].up, gid: g, files: 0, boxes: 0, change: b.change, out: 1, hue: b.hue, key: 'g' + g});
    }
    const v = V[at[i] = place.get(g)];
    v.files += b.files || 1; v.boxes++; v.out &= b.out;
    if (v.change !== b.change) v.change = 3;
  });
  for (const l of L) {
    const from = at[l.from], to = at[l.to], k = from * 1e6 + to;
    if (from < 0 || to < 0 || from === to) continue;
    const e = at2.get(k);
    if (!e) { const n = {...l, from, to}; at2.set(k, n); E.push(n); continue; }
    e.n += l.n; e.type &= l.type;
    if (e.change !== l.change) e.change = 0;
  }
  E.sort((a, b) => a.from - b.from || a.to - b.to);
  V.forEach(v => { v.o = []; v.i = []; });
  for (const e of E) { V[e.from].o.push(e); V[e.to].i.push(e); }
  V.forEach(v => {
    const c = v.gid === undefined ? (v.files > 1 ? num(v.files, 'file') : '') : num(v.files, v.out ? 'package' : 'file');
    v.small = [v.sub, c].filter(x => x).join(' · ');
  });
}

// components: Tarjan without recursion; lines never lead to a higher number.
function components(V) {
  const n = V.length, of = Array(n).fill(-1), low = Array(n).fill(0), next = Array(n).fill(0), sizes = [], stack = [];
  let seen = 0;
  for (let r = 0; r < n; r++) {
    if (low[r]) continue;
    const path = [r], first = [];
    low[r] = ++seen; first.push(seen); stack.push(r);
    while (path.length) {
      const v = path[path.length - 1];
      if (next[v] < V[v].o.length) {
        const e = V[v].o[next[v]++];
        if (e.change === 2) continue;
        if (!low[e.to]) { low[e.to] = ++seen; first.push(seen); path.push(e.to); stack.push(e.to); }
        else if (of[e.to] < 0) low[v] = Math.min(low[v], low[e.to]);
        continue;
      }
      path.pop();
      const own = first.pop();
      if (path.length) { const u = path[path.length - 1]; low[u] = Math.min(low[u], low[v]); }
      if (low[v] !== own) continue;
      let size = 0, m;
      do { m = stack.pop(); of[m] = sizes.length; size++; } while (m !== v);
      sizes.push(size);
    }
  }
  return {of, sizes};
}

function mark() {
  const {of, sizes} = components(V), number = [];
  let cycles = 0;
  V.forEach((v, i) => { const c = of[i]; v.cyc = sizes[c] < 2 ? 0 : number[c] || (number[c] = ++cycles); });
  for (const e of E) e.cyc = e.change !== 2 && of[e.from] === of[e.to];
  for (const e of E) e.implied = false;
  if (sizes.length < 1500) {
    const next = sizes.map(() => []), reach = [], around = [];
    for (const e of E) if (e.change !== 2 && of[e.from] !== of[e.to]) next[of[e.from]].push(of[e.to]);
    next.forEach((list, a) => {
      around[a] = new Set();
      for (const b of list) for (const c of reach[b]) around[a].add(c);
      reach[a] = new Set(around[a]);
      for (const b of list) reach[a].add(b);
    });
    for (const e of E) e.implied = !e.change && of[e.from] !== of[e.to] && around[of[e.from]].has(of[e.to]);
  }
  return cycles;
}

// flow: an order in which few lines lead back (Eades, Lin and Smyth inside components).
function flow(V) {
  const {of, sizes} = components(V), members = sizes.map(() => []), order = [];
  V.forEach((v, i) => members[of[i]].push(i));
  for (let c = sizes.length - 1; c >= 0; c--) {
    const inner = (e, b) => of[b] === c && e.change !== 2, left = members[c].slice(), out = {}, into = {}, front = [], end = [];
    for (const b of left) {
      out[b] = V[b].o.filter(e => inner(e, e.to)).length;
      into[b] = V[b].i.filter(e => inner(e, e.from)).length;
    }
    while (left.length) {
      let best = left.findIndex(b => !out[b]);
      const sink = best >= 0;
      if (!sink) { best = 0; left.forEach((b, i) => { if (out[b] - into[b] > out[left[best]] - into[left[best]]) best = i; }); }
      const b = left.splice(best, 1)[0];
      (sink ? end : front).push(b);
      for (const e of V[b].o) if (inner(e, e.to)) into[e.to]--;
      for (const e of V[b].i) if (inner(e, e.from)) out[e.from]--;
    }
    order.push(...front, ...end.reverse());
  }
  return order;
}

function ranks(V, E) {
  const n = V.length, order = flow(V), place = [], out = V.map(() => []), into = V.map(() => []), rank = Array(n).fill(0);
  order.forEach((b, i) => place[b] = i);
  for (const e of E) {
    e.back = place[e.from] > place[e.to];
    const [a, b] = e.back ? [e.to, e.from] : [e.from, e.to];
    out[a].push(b); into[b].push(a);
  }
  for (const b of order) for (const t of out[b]) rank[t] = Math.max(rank[t], rank[b] + 1);
  for (let k = 0, moved = true; k < 8 && moved; k++) {
    moved = false;
    for (let i = n - 1; i >= 0; i--) {
      const b = order[i];
      let low = -1, high = 1 << 30, to = rank[b];
      for (const f of into[b]) low = Math.max(low, rank[f]);
      for (const t of out[b]) high = Math.min(high, rank[t]);
      if (out[b].length > into[b].length) to = high - 1; else if (out[b].length < into[b].length) to = low + 1;
      if (to !== rank[b]) { rank[b] = to; moved = true; }
    }
  }
  const by = new Map();
  for (let b = 0; b < n; b++) {
    if (!by.has(rank[b])) by.set(rank[b], []);
    by.get(rank[b]).push(b);
  }
  const limit = Math.max(8, floor(Math.sqrt(3 * n)));
  let at = 0;
  for (const r of [...by.keys()].sort((a, b) => a - b)) {
    const list = by.get(r), parts = Math.ceil(list.length / limit);
    list.sort((a, b) => (into[a].length - out[a].length) - (into[b].length - out[b].length));
    list.forEach((b, i) => rank[b] = at + floor(i * parts / list.length));
    at += parts;
  }
  return rank;
}

// layout: see layer.go, order.go and place.go; this is the same. Parts stand on shelves.
function layout() {
  const root = V.map((v, i) => i), find = i => { while (root[i] !== i) i = root[i] = root[root[i]]; return i; };
  for (const e of E) { const a = find(e.from), b = find(e.to); root[Math.max(a, b)] = Math.min(a, b); }
  const of = new Map(), parts = [], alone = [];
  V.forEach((v, i) => {
    if (!v.o.length && !v.i.length) { alone.push(v); return; }
    const r = find(i);
    if (!of.has(r)) { of.set(r, {v: [], e: []}); parts.push(of.get(r)); }
    v.at = of.get(r).v.push({ref: v, o: [], i: []}) - 1;
  });
  for (const e of E) {
    const p = of.get(find(e.from)), c = {ref: e, from: V[e.from].at, to: V[e.to].at, change: e.change};
    p.e.push(c); p.v[c.from].o.push(c); p.v[c.to].i.push(c);
  }
  let wide = 0, area = 0, w = 0, h = M;
  for (const p of parts) { Object.assign(p, part(p.v, p.e)); wide = Math.max(wide, p.w); area += (p.w + 48) * (p.h + 48); }
  wide = Math.max(wide, floor(Math.sqrt(floor(area * 8 / 5))));
  parts.sort((a, b) => b.h - a.h);
  let x = 0, y = 0, high = 0;
  for (const p of parts) {
    if (x > 0 && x + p.w > wide) { x = 0; y += high + 48; high = 0; }
    for (const v of p.v) Object.assign(v.ref, {x: v.x + M + x, y: v.y + M + y, w: v.w});
    for (const e of p.e) { e.ref.way = e.way.map(([a, b]) => [a + M + x, b + M + y]); e.ref.back = e.back; }
    w = Math.max(w, M + x + p.w); h = Math.max(h, M + y + p.h);
    high = Math.max(high, p.h); x += p.w + 48;
  }
  let aloneAt = 0;
  if (alone.length) {
    const wide = Math.max(...alone.map(need));
    aloneAt = h + 36;
    const across = Math.max(w - M, (wide + GAP) * Math.min(alone.length, Math.max(4, floor(Math.sqrt(alone.length)))));
    const cols = Math.max(1, floor((across + GAP) / (wide + GAP)));
    alone.forEach((v, i) => {
      Object.assign(v, {x: M + i % cols * (wide + GAP), y: aloneAt + 14 + floor(i / cols) * (H + GAP), w: wide});
      w = Math.max(w, v.x + wide); h = Math.max(h, v.y + H);
    });
  }
  for (const e of E) e.d = e.way.map(([px, py], i) => {
    if (!i) return `M${px} ${py}`;
    if (i % 2 === 0) return `H${px}`;
    const [qx, qy] = e.way[i - 1], m = floor((qx + px) / 2);
    return `C${m} ${qy} ${m} ${py} ${px} ${py}`;
  }).join('');
  return {w: w + M, h: h + M, aloneAt};
}
const signOf = v => SIGN[v.change] + (v.cyc ? '↻' + v.cyc : '');
const need = v => Math.max(96, 34 + Math.max(8 * width(v.label), 6 * width(v.small) + 8 * width(signOf(v))));

function part(V, E) {
  const rank = ranks(V, E), I = V.map((v, i) => ({box: i, rank: rank[i], left: [], right: [], y: 0})), lanes = new Map(), ties = new Map();
  const joined = (a, b) => {
    const k = a * 1e6 + b, t = ties.get(k);
    if (t) { t[0].w++; t[1].w++; return; }
    const p = [{to: b, w: 1}, {to: a, w: 1}];
    ties.set(k, p); I[a].right.push(p[0]); I[b].left.push(p[1]);
  };
  for (const e of E) {
    const [a, b] = e.back ? [e.to, e.from] : [e.from, e.to];
    e.chain = [a];
    for (let r = rank[a] + 1; r < rank[b]; r++) {
      const k = (b * 4000 + r) * 2 + (e.back ? 1 : 0);
      if (!lanes.has(k)) { lanes.set(k, I.length); I.push({box: -1, rank: r, left: [], right: [], y: 0}); }
      e.chain.push(lanes.get(k));
    }
    e.chain.push(b);
    for (let i = 1; i < e.chain.length; i++) joined(e.chain[i - 1], e.chain[i]);
  }
  let C = [], seen = new Set();
  for (const it of I) for (; C.length <= it.rank;) C.push([]);
  I.forEach((it, i) => {
    if (it.left.length) return;
    for (const stack = [i]; stack.length;) {
      const at = stack.pop();
      if (seen.has(at)) continue;
      seen.add(at); C[I[at].rank].push(at);
      for (let k = I[at].right.length - 1; k >= 0; k--) stack.push(I[at].right[k].to);
    }
  });
  const number = () => C.forEach(c => c.forEach((at, i) => I[at].place = i));
  const crossings = () => {
    let sum = 0;
    for (let c = 0; c + 1 < C.length; c++) {
      const f = Array(C[c + 1].length + 1).fill(0);
      let total = 0;
      for (const at of C[c]) {
        for (const t of I[at].right) { let a = 0; for (let i = I[t.to].place + 1; i > 0; i &= i - 1) a += f[i]; sum += (total - a) * t.w; }
        for (const t of I[at].right) { for (let i = I[t.to].place + 1; i < f.length; i += i & -i) f[i] += t.w; total += t.w; }
      }
    }
    return sum;
  };
  number();
  let best = C.map(c => c.slice()), fewest = crossings();
  const rounds = Math.max(4, Math.min(24, floor(200000 / (I.length + 1))));
  for (let r = 0; r < rounds && fewest; r++) {
    for (let k = 0; k < C.length; k++) {
      const c = C[r % 2 ? C.length - 1 - k : k], key = {};
      c.forEach((at, i) => {
        let s = 0, w = 0;
        for (const t of r % 2 ? I[at].right : I[at].left) { s += I[t.to].place * t.w; w += t.w; }
        key[at] = w ? floor(s * 1024 / w) : i * 1024;
      });
      c.sort((a, b) => key[a] - key[b]);
      c.forEach((at, i) => I[at].place = i);
    }
    const x = crossings();
    if (x < fewest) { fewest = x; best = C.map(c => c.slice()); }
  }
  C = best;
  const offs = C.map(c => {
    const lane = Math.max(2, Math.min(LANE, floor(1500 / (c.filter(at => I[at].box < 0).length + 1))));
    let y = 0;
    return c.map((at, i) => {
      if (!i) return 0;
      const a = I[c[i - 1]].box >= 0, b = I[at].box >= 0;
      return y += a && b ? H + GAP : a || b ? H / 2 + LANE : lane;
    });
  });
  C.forEach((c, k) => c.forEach((at, i) => I[at].y = offs[k][i] - floor(offs[k][c.length - 1] / 2)));
  const settle = (k, left, right) => {
    const c = C[k], off = offs[k], pools = [];
    c.forEach((at, i) => {
      const it = I[at];
      let s = 0, w = 0;
      const add = list => { for (const t of list) { const u = Math.min(t.w, 4) * (it.box < 0 && I[t.to].box < 0 ? 6 : 1); s += I[t.to].y * u; w += u; } };
      if (left) add(it.left);
      if (right) add(it.right);
      const y = w ? floor(s / w) : it.y;
      w = w || 1;
      pools.push({s: (y - off[i]) * w, w, n: 1});
      for (let j = pools.length - 1; j > 0 && pools[j - 1].s * pools[j].w >= pools[j].s * pools[j - 1].w; j--) {
        const p = pools.pop();
        pools[j - 1].s += p.s; pools[j - 1].w += p.w; pools[j - 1].n += p.n;
      }
    });
    let i = 0;
    for (const p of pools) for (let j = 0; j < p.n; j++, i++) I[c[i]].y = floor(p.s / p.w) + off[i];
  };
  for (let r = 0; r < 12; r++) for (let k = 0; k < C.length; k++) r >= 10 ? settle(k, 1, 1) : r % 2 ? settle(C.length - 1 - k, 0, 1) : settle(k, 1, 0);
  let top = 0, x = 0, w = 0, h = 0;
  for (const it of I) top = Math.min(top, it.y);
  for (const c of C) {
    let wide = 0, n = 0;
    for (const at of c) { if (I[at].box >= 0) wide = Math.max(wide, need(V[at].ref)); n += I[at].right.length; }
    for (const at of c) {
      const it = I[at];
      it.y += H / 2 - top; it.x = x; it.end = x + wide;
      if (it.box >= 0) Object.assign(V[at], {x, y: it.y - H / 2, w: wide});
      h = Math.max(h, it.y + H / 2);
    }
    w = x + wide; x += wide + 40 + Math.min(80, n);
  }
  for (const e of E) {
    e.way = [];
    e.chain.forEach((at, k) => { const it = I[at]; if (k) e.way.push([it.x, it.y]); if (k < e.chain.length - 1) e.way.push([it.end, it.y]); });
    if (e.back) e.way.reverse();
  }
  return {w, h};
}

function say(v) {
  let s = v.name + (v.gid === undefined ? '' : ', folder, closed') + (v.change ? ', ' + ['', 'new', 'gone', 'changed'][v.change] : '');
  if (v.cyc) s += ', on cycle ' + v.cyc;
  return s + `, needs ${v.o.length}, needed by ${v.i.length}`;
}

// draw: everything anew; fit says whether to show it all.
function draw(fit) {
  visible();
  const cycles = mark();
  size = layout();
  const total = B.length, parts = [D.before, V.length < total ? num(V.length, 'node') + ' for ' + num(total, D.noun) : num(total, D.noun), num(E.length, 'line'), num(cycles, 'cycle')];
  $('counts').textContent = parts.filter(x => x).join(' · ');
  const old = svg, defs = svg.querySelector('defs');
  svg = el('svg', {class: 'graph' + (E.length > D.dense ? ' dense' : ''), role: 'group'});
  svg.appendChild(defs);
  el('rect', {class: 'bg', width: '100%', height: '100%'}, svg);
  world = el('g', {}, svg);
  const lines = el('g', {class: 'lines', 'aria-hidden': 'true'}, world), boxes = el('g', {class: 'boxes'}, world);
  const rankOf = e => e.change ? 6 - e.change : e.cyc ? e.back ? 3 : 2 : e.implied ? 0 : 1;
  for (const e of E.slice().sort((a, b) => rankOf(a) - rankOf(b))) {
    const kind = e.change ? CHANGE[e.change] : e.cyc ? 'cyc' : e.implied ? 'implied' : '';
    e.el = el('path', {class: 'l' + (e.type ? ' type' : '') + (kind ? ' ' + kind : '') + (e.back ? ' back' : ''), d: e.d, 'marker-end': `url(#m-${kind === 'cyc' && e.back ? 'back' : kind && kind !== 'implied' ? kind : 'same'})`}, lines);
    if (e.change === 1) e.el.setAttribute('marker-start', 'url(#m-new)');
    el('title', {}, e.el, V[e.from].name + ' needs ' + V[e.to].name + (e.n > 1 ? ` (${e.n} times)` : ''));
  }
  if (size.aloneAt) el('text', {class: 'h2', x: M, y: size.aloneAt}, boxes, 'without dependencies in this picture');
  V.forEach(v => {
    v.el = el('g', {class: 'b' + (v.out ? ' out' : '') + (v.change ? ' ' + CHANGE[v.change] : v.cyc ? ' cyc' : ''), transform: `translate(${v.x} ${v.y})`, tabindex: '0', role: 'button', 'aria-label': say(v)}, boxes);
    el('title', {}, v.el, say(v));
    if (v.gid !== undefined) el('rect', {class: 'c', x: 3, y: 3, width: v.w, height: H, rx: 7}, v.el);
    el('rect', {class: 'c', width: v.w, height: H, rx: 7}, v.el);
    el('rect', {class: 'g' + v.hue, x: 5, y: 7, width: 4, height: H - 14, rx: 2}, v.el);
    const label = (cls, y, s, cw) => { const t = el('text', {class: cls, x: 16, y}, v.el, s); if (/[^\u0000-\u024f…·]/.test(s)) { t.setAttribute('textLength', width(s) * cw); t.setAttribute('lengthAdjust', 'spacingAndGlyphs'); } };
    if (v.small) label('s', 16, v.small, 6);
    label('t', v.small ? 32 : 26, v.label, 8);
    const sign = signOf(v);
    if (sign) el('text', {class: 'm', x: v.w - 7, y: 16}, v.el, sign);
    v.el.addEventListener('pointerenter', () => light(v));
    v.el.addEventListener('pointerleave', () => light(chosen));
    v.el.addEventListener('focus', () => { light(v); reveal(v); });
    v.el.addEventListener('blur', () => light(chosen));
    v.el.addEventListener('click', () => { if (!moved) choose(v); });
    v.el.addEventListener('dblclick', () => toggle(v));
    v.el.addEventListener('keydown', e => key(v, e));
  });
  old.replaceWith(svg);
  find(false);
  if (fit) fitAll(); else move();
}

function light(v) {
  svg.classList.toggle('lit', !!v);
  for (const o of svg.querySelectorAll('.near,.hot')) o.classList.remove('near', 'hot', 'to', 'from');
  for (const o of svg.querySelectorAll('.r')) o.remove();
  if (!v) return;
  v.el.classList.add('near');
  const each = (list, end, cls, text) => {
    for (const e of list) {
      const u = V[e[end]];
      e.el.classList.add('hot', cls); u.el.classList.add('near');
      el('text', {class: 'r ' + cls, x: 2, y: cls === 'to' ? H + 11 : -3}, u.el, text);
    }
  };
  each(v.o, 'to', 'to', 'needed'); each(v.i, 'from', 'from', 'needs it');
}

function choose(v) {
  for (const u of V) u.el.classList.toggle('sel', u === v);
  chosen = v;
  light(v);
  const side = $('side');
  side.textContent = '';
  side.hidden = !v;
  if (!v) return;
  const add = (name, text, up) => { const e = document.createElement(name); e.textContent = text; (up || side).appendChild(e); return e; };
  const button = (text, up, act) => { const b = add('button', text, up); b.type = 'button'; b.addEventListener('click', act); return b; };
  add('h2', v.name);
  add('p', [num(v.files || 1, v.out && v.gid !== undefined ? 'package' : 'file'), ['', 'new', 'gone', 'changed'][v.change], v.cyc ? 'on cycle ' + v.cyc : '', v.out ? 'not in the repository' : ''].filter(x => x).join(' · '));
  const acts = add('div', ''); acts.className = 'do';
  if (v.gid !== undefined) button('Open', acts, () => toggle(v));
  for (let g = v.group; g > 0; g = G[g].up) { const up = g; button('Close ' + G[g].name, acts, () => fold(up)); }
  button('×  Clear', acts, () => choose(null));
  const list = (title, edges, end) => {
    add('h3', `${title} (${edges.length})`);
    const ul = add('ul', '');
    for (const e of edges) {
      const u = V[e[end]], text = u.name + (e.n > 1 ? ` ×${e.n}` : '') + (e.type ? ' (types)' : '') + (e.cyc ? ' ↻' : '') + (e.change ? ' ' + SIGN[e.change] : '');
      button(text, add('li', '', ul), () => { choose(u); reveal(u); u.el.focus({preventScroll: true}); });
    }
  };
  list('Needs', v.o, 'to');
  list('Needed by', v.i, 'from');
}

function again(key, fit) {
  chosen = null; draw(fit);
  const v = V.find(u => u.key === key);
  if (!v) { choose(null); return; }
  choose(v); v.el.focus({preventScroll: true});
  if (!fit || view.k < .6) near(v);
}
const toggle = v => { if (v.gid === undefined) fold(v.group); else open(v.gid); };
function open(g) {
  const inside = B.findIndex(b => { for (let x = b.group; x >= 0; x = G[x].up) if (x === g) return true; });
  for (;;) {
    G[g].open = true;
    const kids = G.map((k, i) => i).filter(i => G[i].up === g);
    if (kids.length !== 1 || B.some(b => b.group === g)) break;
    g = kids[0];
  }
  visible();
  let key = 'b' + inside, c = closedAt[B[inside].group];
  again(c >= 0 ? 'g' + c : key, true);
}
function fold(g) { if (g > 0) { G[g].open = false; again('g' + g, true); } }

function key(v, e) {
  const go = u => { e.preventDefault(); if (u) u.el.focus({preventScroll: true}); };
  const closest = list => list.slice().sort((a, b) => Math.abs(a.y - v.y) - Math.abs(b.y - v.y))[0];
  const column = V.filter(u => u.x === v.x).sort((a, b) => a.y - b.y), at = column.indexOf(v);
  switch (e.key) {
  case 'Enter': e.preventDefault(); v.gid === undefined ? choose(v) : toggle(v); break;
  case ' ': e.preventDefault(); choose(v); break;
  case 'Backspace': e.preventDefault(); fold(v.group); break;
  case 'ArrowRight': go(closest(v.o.map(x => V[x.to]))); break;
  case 'ArrowLeft': go(closest(v.i.map(x => V[x.from]))); break;
  case 'ArrowDown': go(column[at + 1]); break;
  case 'ArrowUp': go(column[at - 1]); break;
  }
}

const stage = $('stage');
let moved = false, touched = false;
function move() { world.setAttribute('transform', `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`); }
function zoom(f, x, y) {
  const k = Math.max(.02, Math.min(4, view.k * f)), r = k / view.k;
  view = {x: x - (x - view.x) * r, y: y - (y - view.y) * r, k};
  touched = true;
  move();
}
function fitAll() {
  touched = false;
  const w = stage.clientWidth, h = stage.clientHeight, k = Math.min(1.25, w / size.w, h / size.h);
  view = {k, x: (w - size.w * k) / 2, y: Math.max(0, (h - size.h * k) / 2)};
  move();
}
function reveal(v) {
  const w = stage.clientWidth, h = stage.clientHeight, x = view.x + v.x * view.k, y = view.y + v.y * view.k;
  if (x > 8 && y > 8 && x + v.w * view.k < w - 8 && y + H * view.k < h - 8) return;
  view.x = w / 2 - (v.x + v.w / 2) * view.k; view.y = h / 2 - (v.y + H / 2) * view.k;
  move();
}
// near: as large as can be read, in the middle.
function near(v) { view.k = Math.max(view.k, .8); view.x = -1e9; reveal(v); touched = true; }
const points = new Map();
stage.addEventListener('pointerdown', e => { points.set(e.pointerId, e); moved = false; });
addEventListener('pointermove', e => {
  const was = points.get(e.pointerId);
  if (!was) return;
  if (!moved && Math.hypot(e.clientX - was.clientX, e.clientY - was.clientY) < 4) return;
  moved = touched = true; stage.classList.add('drag');
  if (points.size === 2) {
    const other = [...points.values()].find(p => p.pointerId !== e.pointerId), box = stage.getBoundingClientRect();
    const d = p => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
    zoom(d(e) / Math.max(1, d(was)), (e.clientX + other.clientX) / 2 - box.left, (e.clientY + other.clientY) / 2 - box.top);
  } else { view.x += e.clientX - was.clientX; view.y += e.clientY - was.clientY; move(); }
  points.set(e.pointerId, e);
});
const drop = e => { points.delete(e.pointerId); stage.classList.remove('drag'); };
addEventListener('pointerup', drop); addEventListener('pointercancel', drop);
stage.addEventListener('click', e => { if (!moved && !e.target.closest('.b')) choose(null); });
stage.addEventListener('wheel', e => {
  e.preventDefault();
  const box = stage.getBoundingClientRect();
  zoom(Math.pow(1.0015, -e.deltaY * (e.deltaMode ? 20 : 1)), e.clientX - box.left, e.clientY - box.top);
}, {passive: false});

const input = $('find');
function find(go) {
  const q = input.value.trim().toLowerCase();
  const hits = V.filter(v => { const hit = q && v.name.toLowerCase().includes(q); v.el.classList.toggle('hit', !!hit); return hit; });
  if (!q || !go) return;
  if (hits.length) { const v = hits[(hits.indexOf(chosen) + 1) % hits.length]; choose(v); near(v); return; }
  const b = B.findIndex(x => x.name.toLowerCase().includes(q));
  if (b < 0) { $('counts').textContent = 'nothing is called like that'; return; }
  for (let g = B[b].group; g >= 0; g = G[g].up) G[g].open = true;
  again('b' + b, false);
}
input.addEventListener('input', () => find(false));
input.addEventListener('keydown', e => { if (e.key === 'Enter') { find(true); input.focus(); } });
const centre = f => zoom(f, stage.clientWidth / 2, stage.clientHeight / 2);
$('fit').addEventListener('click', fitAll);
$('in').addEventListener('click', () => centre(1.3));
$('out').addEventListener('click', () => centre(1 / 1.3));
$('close').addEventListener('click', () => { G.forEach((g, i) => g.open = i === 0); again('', true); });
$('open').addEventListener('click', () => { for (const v of V.slice()) if (v.gid !== undefined) G[v.gid].open = true; again('', true); });
if (D.diff) { const b = $('changes'); b.hidden = false; b.addEventListener('click', () => { onlyChanges = !onlyChanges; b.setAttribute('aria-pressed', onlyChanges); again('', true); }); }
addEventListener('keydown', e => {
  if (e.target === input) { if (e.key === 'Escape') { input.value = ''; find(false); stage.focus(); } return; }
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === '/') { e.preventDefault(); input.focus(); }
  else if (e.key === 'Escape') choose(null);
  else if (e.key === '0') fitAll();
  else if (e.key === '+' || e.key === '=') centre(1.3);
  else if (e.key === '-') centre(1 / 1.3);
});
svg = stage.querySelector('svg');
stage.classList.add('live');
draw(true);
addEventListener('resize', () => { if (!touched) fitAll(); });
})();
