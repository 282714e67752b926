package door

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// classes are the attacks. Those that git itself must look at have small shares: each takes a few processes.
func classes() []class {
	return slices.Concat(grammarClasses(), transportClasses(), rightClasses(), contentClasses(), readClasses())
}

func grammarClasses() []class {
	return []class{
		{"mutated pkt-lines", 12, mutated},
		{"random bytes", 6, func(w *wall, r *rand.Rand) shot { return w.post(w.a, randomBytes(r, r.IntN(4000))) }},
		{"push certificate", 4, func(w *wall, r *rand.Rand) shot {
			cert := "push-cert\x00 " + rawCaps
			inner := fmt.Sprintf("%s %s %s\n", zeros, w.good, pick(r, "refs/heads/main", "refs/heads/agents/a/c", "refs/for/main"))
			lines := []string{cert, "certificate version 0.1\n", "pusher a\n", "\n", inner, "-----BEGIN PGP SIGNATURE-----\n", "push-cert-end\n"}
			if r.IntN(2) == 0 {
				lines = append([]string{zeros + " " + string(w.good) + " refs/for/main\x00 " + rawCaps}, lines...)
			}
			return w.post(w.a, append([]byte(pkts(append(lines, flushPkt)...)), w.goodPack...))
		}},
		{"shallow", 3, func(w *wall, r *rand.Rand) shot {
			text := pkts("shallow "+pick(r, w.theirs, ones, string(w.good)), first2(w.good, pick(r, "refs/for/main", "refs/heads/agents/a/s")), flushPkt)
			return w.post(w.a, append([]byte(text), w.goodPack...))
		}},
		{"capabilities", 4, func(w *wall, r *rand.Rand) shot {
			caps := pick(r, "", "report-status", rawCaps+" push-cert=1", rawCaps+" x", rawCaps+" object-format=sha256", rawCaps+" "+strings.Repeat("a", 5000), rawCaps+" agent=\x1b[2J", rawCaps+" report-status")
			line := zeros + " " + string(w.good) + " refs/for/main\x00" + caps
			return w.post(w.a, append([]byte(pkts(line, flushPkt)), w.goodPack...))
		}},
		{"object names", 4, func(w *wall, r *rand.Rand) shot {
			id := pick(r, strings.ToUpper(string(w.good)), string(w.good)[:39], string(w.good)+"0", strings.Repeat("1", 64), "HEAD", "-"+string(w.good)[1:], " "+string(w.good)[1:], zeros)
			old := pick(r, zeros, strings.Repeat("0", 64), strings.Repeat("0", 39))
			if id == zeros {
				old = zeros
			}
			if r.IntN(2) == 0 && len(old) == 40 && id != zeros {
				old = strings.ToUpper(w.theirs[:39]) + "Z"
			}
			return w.post(w.a, append([]byte(pkts(old+" "+id+" refs/for/main\x00 "+rawCaps, flushPkt)), w.goodPack...))
		}},
		{"reference names", 8, func(w *wall, r *rand.Rand) shot {
			return w.post(w.a, body("", w.good, badName(r), w.goodPack))
		}},
		{"clashes and doubles", 4, func(w *wall, r *rand.Rand) shot {
			pair := pick(r, [2]string{"refs/heads/agents/a/x", "refs/heads/agents/a/x"}, [2]string{"refs/for/main", "refs/for/Main"}, [2]string{"refs/for/main", "refs/for/main/x"}, [2]string{"refs/heads/agents/a/x", "refs/heads/agents/a/x/y"})
			req := Request{Commands: []Command{{pair[0], "", w.good}, {pair[1], "", w.good}}, Capabilities: strings.Fields(rawCaps)}
			return w.post(w.a, append(req.Encode(40), w.goodPack...))
		}},
		{"10,000 commands", 1, func(w *wall, r *rand.Rand) shot {
			req := Request{Capabilities: strings.Fields(rawCaps)}
			for i := range 10_000 {
				req.Commands = append(req.Commands, Command{fmt.Sprintf("refs/heads/agents/a/n%d", i), "", w.good})
			}
			return w.post(w.a, append(req.Encode(40), w.goodPack...))
		}},
		{"probes with something", 3, func(w *wall, r *rand.Rand) shot {
			return w.post(w.a, append([]byte(flushPkt), pick(r, []byte("x"), []byte("0000"), w.goodPack, body("", w.good, "refs/for/main", w.goodPack))...))
		}},
		{"push options", 3, func(w *wall, r *rand.Rand) shot {
			caps := strings.Replace(rawCaps, "agent", "push-options agent", 1)
			lines := []string{zeros + " " + string(w.good) + " refs/for/main\x00 " + caps, flushPkt}
			for range 1 + r.IntN(30) {
				lines = append(lines, pick(r, "x=y", "topic=", "topic", "\x00", "title=\x1b[2J", strings.Repeat("a", 5000), "topic=a\nb", "--exec=x"))
			}
			return w.post(w.a, append([]byte(pkts(append(lines, flushPkt)...)), w.goodPack...))
		}},
	}
}

func first2(head git.OID, ref string) string {
	return zeros + " " + string(head) + " " + ref + "\x00 " + rawCaps
}

// mutated flips bytes of a push to a place that stays closed whatever they become.
func mutated(w *wall, r *rand.Rand) shot {
	target := pick(r, "refs/heads/main", "refs/heads/agents/v/t", "refs/tags/v1", "refs/adamant/changes/aa/x")
	req := Request{Commands: []Command{{target, "", w.good}}, Capabilities: strings.Fields(rawCaps)}
	data := req.Encode(40)
	for range 1 + r.IntN(4) {
		switch i := r.IntN(len(data)); r.IntN(3) {
		case 0:
			data[i] ^= byte(1 << r.IntN(8))
		case 1:
			data = slices.Insert(data, i, byte(r.IntN(256)))
		default:
			data = slices.Delete(data, i, i+1)
		}
	}
	return w.post(w.a, append(data, w.goodPack...))
}

func randomBytes(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

func badName(r *rand.Rand) string {
	part := pick(r, "..", ".", ".x", "x.", "x.lock", "x.LOCK", "x..y", "x@{y", "@{", "x y", "x~1", "x^", "x:y", "x?", "x*", "x[", `x\y`, "", "\x01", "\x7f", "x\ny", "\xff\xfe", "\u202ex", "-x", "--upload-pack=x", strings.Repeat("y", 300), "../../../etc", "$(id)", "`id`", ";id", "x\x00y")
	prefix := pick(r, "refs/for/", "refs/heads/agents/a/", "refs/heads/agents/", "refs/heads/", "refs/", "/", "", "../", "refs//", "REFS/", "objects/", "hooks/")
	return prefix + part + pick(r, "", "/x", "/main", "/")
}

func transportClasses() []class {
	return []class{
		{"cut bodies", 4, func(w *wall, r *rand.Rand) shot {
			data := body("", w.good, "refs/for/main", w.goodPack)
			return w.raw(w.a, fmt.Sprintf("Content-Length: %d\r\n", len(data)), data[:r.IntN(len(data))])
		}},
		{"cut chunks", 4, func(w *wall, r *rand.Rand) shot {
			data := body("", w.good, "refs/for/main", w.goodPack)
			chunk := fmt.Sprintf("%x\r\n%s\r\n", len(data), data)
			end := pick(r, "", "0", "0\r\n", "zz\r\n", "-1\r\n", "ffffffffffffffff\r\n")
			if end == "" || r.IntN(2) == 0 {
				chunk = chunk[:r.IntN(len(chunk)-2)]
			}
			return w.raw(w.a, "Transfer-Encoding: chunked\r\n", []byte(chunk+end))
		}},
		{"framing", 3, func(w *wall, r *rand.Rand) shot {
			data := body(git.OID(w.theirs), "", "refs/heads/agents/v/t", nil)
			return w.raw(w.a, pick(r, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n", "Content-Length: 99999999999999999999\r\n", "X: "+strings.Repeat("y", 100_000)+"\r\n", "Expect: 200-maybe\r\nContent-Length: 3\r\n"), data)
		}},
		{"gzip bombs", 1, func(w *wall, r *rand.Rand) shot {
			return w.post(w.a, pick(r, w.bombs...), "Content-Encoding", "gzip")
		}},
		{"broken gzip", 3, func(w *wall, r *rand.Rand) shot {
			data := gzipped(w.t, body("", w.good, "refs/for/main", w.goodPack))
			switch r.IntN(3) {
			case 0:
				data = data[:r.IntN(len(data)-1)]
			case 1:
				data[10+r.IntN(len(data)-10)] ^= 0x55
			default:
				data = append(data, randomBytes(r, 1+r.IntN(50))...)
			}
			return w.post(w.a, data, "Content-Encoding", pick(r, "gzip", "x-gzip"))
		}},
		{"encodings, types, methods", 4, func(w *wall, r *rand.Rand) shot {
			s := w.post(w.a, body("", w.good, "refs/for/main", w.goodPack))
			switch r.IntN(3) {
			case 0:
				s.header = append(s.header, "Content-Encoding", pick(r, "br", "deflate", "identity", "gzip, gzip", "GZIP", "zstd"))
			case 1:
				s.header = []string{"Content-Type", pick(r, "", "text/plain", "application/x-git-upload-pack-request", "application/x-git-receive-pack-request; charset=utf-8", "multipart/form-data")}
			default:
				s.method = pick(r, "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")
			}
			return s
		}},
		{"paths", 6, func(w *wall, r *rand.Rand) shot {
			p := pick(r, "/../kernel.git", "/demo.git/../kernel.git", "/demo.git/..%2f..%2fkernel.git", "/kernel.git", "/main.git", "//demo.git", "/demo.git/./.", "/demo.git%00", "/DEMO.git", "/demo", "/demo.git/objects/../", "/demo.git/%2e%2e/x", "/door/pushes", "/.git")
			q := pick(r, "/git-receive-pack", "/info/refs?service=git-receive-pack", "/HEAD", "/objects/info/packs", "/config", "/hooks/pre-receive", "/info/refs", "/git-upload-pack", "/git-upload-archive", "/git-shell", "/objects/"+w.theirs[:2]+"/"+w.theirs[2:])
			return shot{method: pick(r, "GET", "POST"), path: p + q, token: w.a, body: body("", w.good, "refs/heads/agents/a/p", w.goodPack), header: []string{"Content-Type", "application/x-git-receive-pack-request"}}
		}},
		{"services", 3, func(w *wall, r *rand.Rand) shot {
			return shot{method: "GET", path: "/demo.git/info/refs" + pick(r, "", "?service=git-shell", "?service=git-upload-archive", "?service=", "?service=git-receive-pack%00", "?service=receive-pack", "?service=git-upload-pack;id", "?x=git-receive-pack"), token: w.a, header: []string{"Git-Protocol", pick(r, "version=2", "version=9", "version=2:x", strings.Repeat("a", 1000), "version=2\tx")}}
		}},
	}
}

func rightClasses() []class {
	return []class{
		{"main", 8, func(w *wall, r *rand.Rand) shot {
			main := git.OID(w.git(w.seed, "rev-parse", "main"))
			c := pick(r, Command{"refs/heads/main", main, w.good}, Command{"refs/heads/main", main, ""}, Command{"refs/heads/main", "", w.good}, Command{"refs/heads/Main", "", w.good}, Command{"refs/heads/main/x", "", w.good}, Command{"refs/heads/main", w.good, main})
			return w.command(w.a, r, c)
		}},
		{"tags and the kernel's own", 8, func(w *wall, r *rand.Rand) shot {
			return w.command(pick(r, w.a, w.named), r, Command{pick(r, "refs/tags/v1", "refs/adamant/lease", "refs/adamant/ledger/x", "refs/adamant/changes/aa/b/meta", "refs/notes/x", "refs/replace/"+w.theirs, "refs/stash", "refs/remotes/origin/main", "refs/heads/x", "refs/heads/agents", "refs/heads/agents/a", "refs/heads/agents/a/t/u", "refs/Adamant/x", "refs/bisect/bad"), "", w.good})
		}},
		{"other agents", 8, func(w *wall, r *rand.Rand) shot {
			c := pick(r, Command{"refs/heads/agents/v/t", git.OID(w.theirs), w.good}, Command{"refs/heads/agents/v/t", git.OID(w.theirs), ""}, Command{"refs/heads/agents/v/new", "", w.good}, Command{"refs/heads/agents/V/t", "", w.good}, Command{"refs/for/agents/v/t", "", w.good})
			return w.command(pick(r, w.a, w.named, w.bound), r, c)
		}},
		{"other tasks", 3, func(w *wall, r *rand.Rand) shot {
			return w.command(w.bound, r, pick(r, Command{"refs/heads/agents/a/kept", w.keptHead, ""}, Command{"refs/heads/agents/a/other", "", w.good}, Command{"refs/heads/agents/a/only2", "", w.good}))
		}},
		{"tokens that ended", 6, func(w *wall, r *rand.Rand) shot {
			return w.post(pick(r, w.expired, w.revoked), body("", w.good, pick(r, "refs/for/main", "refs/heads/agents/a/e"), w.goodPack))
		}},
		{"tokens that are none", 8, func(w *wall, r *rand.Rand) shot {
			token := []byte(w.a)
			token[4+r.IntN(len(token)-4)] ^= byte(1 + r.IntN(3))
			return w.post(pick(r, string(token), "", "adm_", w.a[4:], w.a+"=", "Bearer "+w.a, strings.ToUpper(w.a), string(randomBytes(r, 40))), body("", w.good, "refs/for/main", w.goodPack))
		}},
		{"tokens that read", 4, func(w *wall, r *rand.Rand) shot {
			if r.IntN(4) == 0 {
				return shot{method: "GET", path: "/demo.git/info/refs?service=git-receive-pack", token: w.reader}
			}
			return w.post(w.reader, body("", w.good, pick(r, "refs/for/main", "refs/heads/agents/r/t"), w.goodPack))
		}},
		{"targets", 3, func(w *wall, r *rand.Rand) shot {
			return w.command(w.a, r, pick(r, Command{"refs/for/none", "", w.good}, Command{"refs/for/agents/a/kept", "", w.good}, Command{"refs/for/main", w.good, ""}, Command{"refs/for/main", w.keptHead, git.OID(w.theirs)}, Command{"refs/for/refs/heads/main", "", w.good}))
		}},
		{"replays", 2, func(w *wall, r *rand.Rand) shot { return w.post(w.a, w.replayed) }},
		{"stale", 2, func(w *wall, r *rand.Rand) shot {
			other := w.packs["other history"]
			return w.post(w.a, body(pick(r, git.OID(ones), git.OID(w.theirs)), other.head, pick(r, "refs/heads/agents/a/kept", "refs/heads/agents/a/none"), other.pack))
		}},
	}
}

// command is a push of one command, alone or with one that would be taken.
func (w *wall) command(token string, r *rand.Rand, c Command) shot {
	req := Request{Commands: []Command{c}, Capabilities: strings.Fields(rawCaps + pick(r, "", " atomic", " quiet", " delete-refs"))}
	if r.IntN(3) == 0 && !strings.HasPrefix(c.Ref, "refs/for/") {
		req.Commands = append(req.Commands, Command{"refs/for/main", "", w.good})
	}
	data := req.Encode(40)
	if req.sendsPack() {
		data = append(data, w.goodPack...)
	}
	return w.post(token, data)
}

func contentClasses() []class {
	return []class{
		{"damaged packs", 3, func(w *wall, r *rand.Rand) shot {
			pack := bytes.Clone(w.goodPack)
			pack[r.IntN(len(pack))] ^= byte(1 << r.IntN(8))
			return w.post(w.a, body("", w.good, "refs/for/main", pack))
		}},
		{"behind the pack", 3, func(w *wall, r *rand.Rand) shot {
			junk := pick(r, randomBytes(r, 1+r.IntN(100)), make([]byte, 100_000), w.goodPack, []byte(flushPkt))
			return w.post(w.a, body("", w.good, "refs/for/main", append(bytes.Clone(w.goodPack), junk...)))
		}},
		{"what is not theirs", 3, func(w *wall, r *rand.Rand) shot {
			if r.IntN(2) == 0 {
				return w.post(w.a, body("", git.OID(pick(r, w.victims...)), pick(r, "refs/for/main", "refs/heads/agents/a/b"), w.emptyWallPack()))
			}
			p := w.packs["borrowed file"]
			return w.post(w.a, body("", p.head, pick(r, "refs/for/main", "refs/heads/agents/a/b"), p.pack))
		}},
		{"objects that are bad", 7, func(w *wall, r *rand.Rand) shot {
			names := slices.DeleteFunc(slices.Sorted(maps.Keys(w.packs)), func(n string) bool { return slices.Contains([]string{"other history", "zip bomb", "empty"}, n) })
			p := w.packs[pick(r, names...)]
			return w.post(w.a, body("", p.head, "refs/for/main", p.pack))
		}},
		{"zip bombs", 1, func(w *wall, r *rand.Rand) shot {
			p := w.packs["zip bomb"]
			return w.post(w.a, body("", p.head, "refs/for/main", p.pack))
		}},
		{"rewriting", 2, func(w *wall, r *rand.Rand) shot {
			p := w.packs["other history"]
			return w.post(w.a, body(w.keptHead, p.head, "refs/heads/agents/a/kept", p.pack))
		}},
		{"identities", 2, func(w *wall, r *rand.Rand) shot {
			return w.post(w.named, body("", w.good, "refs/for/main", w.goodPack))
		}},
	}
}

// emptyWallPack is a pack without objects.
func (w *wall) emptyWallPack() []byte { return w.packs["empty"].pack }

func readClasses() []class {
	return []class{
		{"wants, version 2", 4, func(w *wall, r *rand.Rand) shot {
			var b []byte
			b = appendPkt(b, "command=fetch\n")
			b = append(appendPkt(b, "object-format=sha1"), "0001"...)
			for range 1 + r.IntN(3) {
				b = appendPkt(b, pick(r, "want ", "want ", "want-ref refs/heads/agents/v/t ", "shallow ")+pick(r, w.victims...)+"\n")
			}
			b = appendPkt(b, pick(r, "done\n", "deepen 1\n", "filter blob:none\n", "have "+w.theirs+"\n"))
			return w.fetch(pick(r, w.a, w.bound, w.named), append(b, flushPkt...), "Git-Protocol", "version=2")
		}},
		{"wants, version 0", 4, func(w *wall, r *rand.Rand) shot {
			var b []byte
			b = appendPkt(b, "want "+pick(r, w.victims...)+" "+pick(r, "side-band-64k", "allow-any-sha1-in-want side-band-64k", "filter side-band-64k", "")+"\n")
			b = append(appendPkt(append(b, flushPkt...), "done\n"), pick(r, "", "junk", flushPkt)...)
			return w.fetch(pick(r, w.a, w.bound, w.named), b, "Git-Protocol", pick(r, "", "version=1", "version=0"))
		}},
		{"listing", 3, func(w *wall, r *rand.Rand) shot {
			var b []byte
			b = append(appendPkt(b, "command="+pick(r, "ls-refs", "object-info", "bundle-uri", "x", "fetch=x")+"\n"), "0001"...)
			b = appendPkt(b, pick(r, "ref-prefix refs/heads/agents/v/", "peel", "unborn", "oid "+w.theirs, "size"))
			return w.fetch(w.a, append(b, flushPkt...), "Git-Protocol", "version=2")
		}},
		{"junk to upload-pack", 3, func(w *wall, r *rand.Rand) shot {
			return w.fetch(w.a, randomBytes(r, r.IntN(3000)), "Git-Protocol", pick(r, "", "version=1", "version=2"))
		}},
	}
}
