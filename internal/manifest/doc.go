// Package manifest reads the documents a repository is configured by: YAML and JSON with positions, a strict decoder onto
// Go structs, the kernel configuration (.adamant/adamant.yaml), path globs, JSON Schemas and canonical JSON. It promises
// that every problem has a file, a line and a column, that nothing unknown is passed over, and that hostile input ends in
// a Diagnostic, never in a panic or in unbounded work. It never opens a file, never reads the environment or the clock,
// and never runs anything.
//
// # The YAML profile
//
// YAML 1.2 with the core schema, the same for every file:
//
//   - A stream is cut at its document markers first, so a broken document never hides the others. Documents are counted
//     as written: "---" with nothing below it is a document whose Value is nil; a stream of comments has no document.
//   - Plain scalars: null, Null, NULL, ~ and nothing are nil; true, false (also True, TRUE...) are bool; decimal, 0o and
//     0x integers are int64, or json.Number with every digit when int64 is too small; other numbers are float64. Words such
//     as yes, no, on, off, dates and 0777-like numbers have no special meaning: strings, and 777.
//   - .inf, .nan and numbers beyond float64 stay strings: JSON has no such numbers.
//   - Keys are strings: a plain key keeps its spelling (1 is "1", true is "true"); a list or a mapping as a key
//     (an unquoted placeholder {{ x }}) is its JSON. The same key twice is refused.
//   - "<<" with a mapping, an alias to one, or a list of those is a merge: keys written out win, then the first in the list.
//   - Tags: !!str, !!int, !!float, !!bool and !!null are obeyed; a scalar with any other tag is its text, a collection
//     its content.
//   - Only UTF-8, with or without a byte order mark. At most MaxBytes, MaxDocuments, MaxDepth levels, and
//     MaxAliased nodes by aliases.
package manifest
