package javascript

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/exports/exportstest"
)

func TestExportsTypeScript(t *testing.T) {
	t.Parallel()
	exportstest.Edits(t, Exports(), "src/a.ts", map[string]exportstest.Edit{
		"equal":               {"export function a(x: string): void {}", "// b\nexport function a(y: string): void { return }", ""},
		"gone":                {"export const a = 1\nconst b = 2", "", "removed! a: it is gone"},
		"new":                 {"", "export const a = 1", "added a"},
		"optional parameter":  {"export function a(x: string) {}", "export function a(x: string, y?: number, ...z: A[]) {}", "changed a: it is written in another way"},
		"required parameter":  {"export function a(x: string) {}", "export function a(x: string, y: number) {}", "changed! a: it needs a parameter y"},
		"parameter left":      {"export function a(x: string, y: A) {}", "export function a(x: string) {}", "changed! a: it takes fewer parameters"},
		"no default any more": {"export function a(x = 1, y: A) {}", "export function a(x: number, y: A) {}", "changed! a: parameter x can no longer be left out"},
		"wider parameter":     {"export function a(x: 'b' | 'c') {}", "export function a(x: 'b' | 'd' | 'c') {}", "changed a: it is written in another way"},
		"other parameter":     {"export function a(x: B) {}", "export function a(x: C) {}", "changed! a: parameter x has another type"},
		"result":              {"export function a(): B {}", "export function a(): C {}", "changed! a: it returns another type"},
		"narrower result":     {"export function a(): B | undefined {}", "export function a(): B {}", "changed a: it returns less than before"},
		"pattern":             {"export const a = ({ b, c: d = 1 }: P) => 1", "export const a = ({ b }: P) => 1", "changed! a: it no longer takes c"},
		"pattern takes more":  {"export const a = ({ b }: P) => 1", "export const a = ({ b, c }: P) => 1", "changed a: it is written in another way"},
		"function to arrow":   {"export function a(x: B): C { }", "export const a = (y: B): C => { }", ""},
		"names in callbacks":  {"export function a(f: (x: B) => void) {}", "export function a(f: (y: B) => void) {}", ""},
		"type parameter":      {"export function a<T>(x: T) {}", "export function a<T, U = T>(x: T) {}", "changed a: it has more type parameters, which can be left out"},
		"overload":            {"export function a(x: B): B\nexport function a(x: any) {}", "export function a(x: B): B\nexport function a(x: C): C\nexport function a(x: any) {}", "changed a: it can be called in more ways"},
		"overload gone":       {"export function a(x: B): B\nexport function a(x: C): C\nexport function a(x: any) {}", "export function a(x: B): B\nexport function a(x: any) {}", "changed? a: it can be called in other ways than before"},
		"class": {"export class A { b(): void {}\n private c() {}\n #d = 1\n e = 1\n get f(): B { return 1 }\n static g: B\n protected h() {} _i() {} }",
			"export class A { }", "removed! A.b: it is gone\nremoved! A.e: it is gone\nremoved! A.f: it is gone\nremoved! A.g: it is gone"},
		"inherited":           {"export class A { b() {} }", "export class A extends B { }", "removed? A.b: it may come from B"},
		"constructor":         {"export class A { constructor(private x: B) {} }", "export class A { constructor(x: B, y: C) {} }", "changed! A.constructor: it needs a parameter y"},
		"accessor":            {"export class A { b: C = 1 }", "export class A { get b(): C { return 1 }\n set b(x: C) {} }", ""},
		"method as property":  {"export class A { b = (x: C) => 1 }", "export class A { b(x: C) { return 1 } }", ""},
		"interface":           {"export interface A { b: C; d?: E\n f(x: G): H }", "export interface A { d: E\n f(x: G): H\n i: J }", "removed! A.b: it is gone\nchanged! A.d: it is required now\nadded A.i"},
		"optional member":     {"export interface A { b: C }", "export interface A { b?: C }", "changed? A.b: it may be missing now"},
		"type to interface":   {"export type A = { b: C, d: E }", "export interface A {\n  b: C\n  d: E\n}", ""},
		"union":               {"export type A = | 'b'\n  | 'c'\nexport type D = 'e' | 'f'", "export type A = 'b' | 'c' | 'd'\nexport type D = 'e'", "changed A: it can be more than before\nchanged! D: it can be less than before"},
		"layout of a type":    {"export type A = Map<string, { b: C; d: [E, F] }>", "export type A = Map<\n  string,\n  {\n    b: C\n    d: [E, F]\n  }\n>", ""},
		"conditional":         {"export type A<T> = T extends B ? C : D\nexport const e = 1", "export type A<T> =\n  T extends B\n  ? C\n  : D\nexport const e = 1", ""},
		"enum":                {"export enum A { B, C = 'c' }", "export const enum A { C = 'd' }", "removed! A.B: it is gone\nchanged A.C: its value is another one"},
		"list":                {"function a(x: B) {}\nclass C { d() {} }\nexport { a, C as E }", "class C { }\nexport { C as E }", "removed! E.d: it is gone\nremoved! a: it is gone"},
		"list to declaration": {"function a(x: B) {}\nexport { a }", "export function a(x: B) {}", ""},
		"moved and exported":  {"export function a(x: B) {}\nexport class C { d() {} }", "export { a } from './b'\nimport { C } from './c'\nexport { C }", ""},
		"everything of":       {"export * from './b'\nexport const a = 1", "export * from './b'", `removed? a: it may come from: export * from "./b"`},
		"everything gone":     {"export * from './b'", "export * as c from './b'", "removed! * from ./b: it is gone\nadded c"},
		"types only":          {"export type { A } from './a'\nexport type * from './b'", "export { type A } from './a'", "removed! * from ./b: it is gone"},
		"default":             {"export default function a(x: B) {}", "export default class { c() {} }", "changed! default: it was a func and is a class\nadded default.c"},
		"default by name":     {"const a = (x: B) => 1\nexport default a", "export default (x: B) => 1", ""},
		"namespace":           {"export namespace A { export const b = 1; const c = 2 }", "export namespace A { export const d = 1 }", "removed! A.b: it is gone\nadded A.d"},
		"export =":            {"class A { b() {} }\nexport = A", "class A { }\nexport = A", "removed! module.exports.b: it is gone"},
		"declare":             {"export declare function a(x: B): C;\nexport declare const d: E", "export declare const d: F", "removed! a: it is gone\nchanged! d: its type is another one"},
		"annotation":          {"export const a = f()", "export const a: B = f()", "changed a: its type is written now"},
		"variables":           {"export const { a, b: c } = d, [e] = f, g = 1", "export const { a } = d", "removed! c: it is gone\nremoved! e: it is gone\nremoved! g: it is gone"},
		"type and value":      {"export type A = B\nexport const A = 1", "export type A = B\nexport const A = 2", ""},
		"not code":            {"// export const a = 1\nconst s = `export const b = 1`\nconst r = /export const c = 1/", "", ""},
		"decorated":           {"@a({ b: 1 })\nexport class C { @d() e: F; @g h() {} }", "export class C { }", "removed! C.e: it is gone\nremoved! C.h: it is gone"},
		"async and generator": {"export async function* a(x: B) {}\nexport class C { async *d() {} }", "export class C { }", "removed! C.d: it is gone\nremoved! a: it is gone"},
		"members named so":    {"export class C { get() {} static() {} async: B }", "export class C { }", "removed! C.async: it is gone\nremoved! C.get: it is gone\nremoved! C.static: it is gone"},
		"index":               {"export interface A { [k: string]: B; new (x: C): A; (y: D): void }", "export interface A { }", "removed! A.(): it is gone\nremoved! A.[k : string]: it is gone\nremoved! A.new: it is gone"},
		"inside functions":    {"function f() { return { export: 1 } }\nif (a) { exports.b = 1 }", "", ""},
	})
}

func TestExportsJavaScript(t *testing.T) {
	t.Parallel()
	exportstest.Edits(t, Exports(), "lib/a.js", map[string]exportstest.Edit{
		"exports":      {"exports.a = 1\nmodule.exports.b = function (x) {}\nexports.c = module.exports.d = (y) => 1", "exports.c = (y) => 1", "removed! a: it is gone\nremoved! b: it is gone\nremoved! d: it is gone"},
		"object":       {"function b(x) {}\nmodule.exports = { a: 1, b, c(y) {}, get d() { return 1 }, 'e-f': g }", "module.exports = { a: 1 }", "removed! b: it is gone\nremoved! c: it is gone\nremoved! d: it is gone\nremoved! e-f: it is gone"},
		"spread":       {"module.exports = { a }", "module.exports = { ...b }", "removed? a: it may come from: it spreads an object into module.exports"},
		"call":         {"module.exports = merge(f, { a: 1, b: 2 })", "module.exports = merge(f, { a: 1 })", "removed? b: it may come from: module.exports is computed"},
		"class":        {"class A { b(x) {} }\nmodule.exports = A;", "class A { }\nmodule.exports = A;", "removed! module.exports.b: it is gone"},
		"no types":     {"exports.a = function (x) {}", "exports.a = function (x, y) {}", "changed? a: it needs a parameter y"},
		"defined":      {"Object.defineProperty(exports, 'a', { get })\nObject.defineProperty(exports, '__esModule', {})", "", "removed! a: it is gone"},
		"value":        {"export default { a: 1 }", "export default { b: 2 }", ""},
		"jsx":          {"export const A = ({ b }) => <div>export const c = 1</div>\nexport const d = 1", "export const A = ({ b }) => <p/>", "removed! d: it is gone"},
		"not exported": {"const a = {}\na.exports = 1", "", ""},
	})
}

func TestSurfaceOfSettings(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"vite.config.ts", ".eslintrc.js"} {
		if s := Surface(path, []byte("export default {}")); s != nil {
			t.Errorf("%s offers %+v", path, s.Symbols)
		}
	}
}

func TestExportsHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	exportstest.Hostile(t, Exports(), "a.ts", map[string]string{
		"types":      strings.Repeat("export type A = ", n),
		"angles":     strings.Repeat("export function a<", n),
		"braces":     strings.Repeat("export namespace A {", n),
		"parens":     "export function a" + strings.Repeat("(", n),
		"members":    "export class A {" + strings.Repeat("a: b<", n),
		"one name":   strings.Repeat("export function a(x: B): C;\n", n),
		"names":      "class A { " + strings.Repeat("b(): c;", 1000) + "}\nexport { " + strings.Repeat("A as B, ", n) + "}",
		"variables":  "export const " + strings.Repeat("a = 1, ", n),
		"unions":     "export type A = " + strings.Repeat("| 'a' ", n),
		"decorators": strings.Repeat("@a ", n) + "class A {}",
		"patterns":   "export const " + strings.Repeat("{ a, ", n),
		"commas":     "export type A = " + strings.Repeat("[a, ", n),
		"assigned":   strings.Repeat("exports.a = ", n),
		"objects":    "module.exports = " + strings.Repeat("f({ a: ", n),
		"params":     "export function a(" + strings.Repeat("x: { a: b }, ", n) + ")",
	})
}

func FuzzExports(f *testing.F) {
	exportstest.Fuzz(f, Exports(), "a.ts", "export class A<T> extends B implements C { @d() private e?: F = 1; get g(): H { } static async *i(x?: J, ...k: L[]): M {} }",
		"export type A = | { b: C; d?(x: E): F } | 'g' & H<I>\nexport * as j from 'k'; export { l as m, type n } from 'o'; export default async (p) => q",
		"module.exports = { a, b: c, ...d }; exports.e = module.exports.f = class {}; Object.defineProperty(exports, 'g', {}); export = h",
		"export const { a, b: c = 1 } = d, [e] = f, g: H = (i) => j\nexport enum K { L = 1, 'm' }\nexport namespace N.O { export interface P<Q = R> extends S { (): T; new (): U; [k: string]: V } }")
}
